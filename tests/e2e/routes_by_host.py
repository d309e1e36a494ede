"""Exact hosts beat longer wildcards, those beat shorter ones, those beat the rest; case and port do not matter."""

from harness import equal, main, Origin, pool, Ringway


def test():
    origins = [Origin(name=name) for name in ("exact", "sub", "wild", "rest")]
    exact, sub, wild, rest = origins
    body = """
[[route]]
pool = "rest"
[[route]]
host = "*.example.com"
pool = "wild"
[[route]]
host = ["www.example.com", "example.com"]
pool = "exact"
[[route]]
host = "*.sub.example.com"
pool = "sub"
""" + "".join(
        pool(origin.name, origin) for origin in origins
    )
    wanted = {
        "www.example.com": exact,
        "WWW.Example.COM:8080": exact,
        "example.com": exact,
        "a.example.com": wild,
        "b.a.example.com": wild,
        "x.sub.example.com": sub,
        "other.com": rest,
        "notexample.com": rest,
        "[::1]:80": rest,
    }
    with Ringway(body) as ringway, ringway.client() as client:
        for host, origin in wanted.items():
            equal(client.request("GET", "/", host=host).get("X-Origin"), origin.name, host)


if __name__ == "__main__":
    main(test)
