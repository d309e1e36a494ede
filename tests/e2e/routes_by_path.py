"""Exact paths beat prefixes, longer prefixes beat shorter ones, prefixes beat regexes; prefixes end at segments."""

from harness import equal, main, Origin, pool, Ringway


def test():
    names = ("exact", "long", "short", "regex", "rest")
    origins = [Origin(name=name) for name in names]
    body = """
[[route]]
pool = "rest"
[[route]]
path_regex = "/items/[0-9]+(/.*)?"
pool = "regex"
[[route]]
path_prefix = "/api"
pool = "short"
[[route]]
path_prefix = "/api/v2"
pool = "long"
[[route]]
path = "/api/v2/status"
pool = "exact"
""" + "".join(
        pool(origin.name, origin) for origin in origins
    )
    wanted = {
        "/api": "short",
        "/api/x": "short",
        "/apix": "rest",
        "/api/v2": "long",
        "/api/v2/y?z": "long",
        "/api/v2x": "short",
        "/api/v2/status": "exact",
        "/api/v2/status?q=1": "exact",
        "/api/v2/status/": "long",
        "/items/17": "regex",
        "/items/17/parts": "regex",
        "/items/x": "rest",
        "/x/items/17": "rest",
        "/": "rest",
        "/API": "rest",
    }
    with Ringway(body) as ringway, ringway.client() as client:
        for target, name in wanted.items():
            equal(client.get(target).get("X-Origin"), name, target)


if __name__ == "__main__":
    main(test)
