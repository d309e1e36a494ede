"""Prefixes are stripped or replaced and regexes rewritten; the query stays."""

from harness import equal, main, Origin, pool, Ringway


def test():
    body = """
[[route]]
path_prefix = "/strip"
strip_prefix = true
pool = "p"
[[route]]
path_prefix = "/swap"
rewrite = "/new/base"
pool = "p"
[[route]]
path = "/one"
rewrite = "/two"
pool = "p"
[[route]]
path_regex = "/user/([a-z]+)/file/(.*)"
rewrite = "/files/$2/of/$1"
pool = "p"
[[route]]
pool = "p"
"""
    wanted = {
        "/strip/a/b?c=d": "/a/b?c=d",
        "/strip": "/",
        "/strip?x": "/?x",
        "/swap/a?b": "/new/base/a?b",
        "/swap": "/new/base",
        "/one?q=1": "/two?q=1",
        "/user/ann/file/x/y?z": "/files/x/y/of/ann?z",
        "/plain?q": "/plain?q",
    }
    with Origin() as origin, Ringway(body + pool("p", origin)) as ringway, ringway.client() as client:
        for target, seen in wanted.items():
            equal(client.get(target).status, 200, "status")
            equal(origin.last().target, seen, target)


if __name__ == "__main__":
    main(test)
