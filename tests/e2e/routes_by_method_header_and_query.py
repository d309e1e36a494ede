"""Conditions on method, fields and query choose among routes of one path; more conditions win."""

from harness import equal, main, Origin, pool, Ringway


def test():
    names = ("read", "beta", "mobile", "version", "flag", "both", "rest")
    origins = [Origin(name=name) for name in names]
    body = """
[[route]]
pool = "rest"
[[route]]
method = ["GET", "HEAD"]
path_prefix = "/m"
pool = "read"
[[route]]
path_prefix = "/m"
pool = "rest"
[[route]]
path_prefix = "/h"
headers = { "X-Beta" = "yes" }
pool = "beta"
[[route]]
path_prefix = "/h"
headers = { "User-Agent" = { regex = ".*(Android|iPhone).*" } }
pool = "mobile"
[[route]]
path_prefix = "/q"
query = { v = { prefix = "2" } }
pool = "version"
[[route]]
path_prefix = "/q"
query = { flag = { present = true } }
pool = "flag"
[[route]]
path_prefix = "/q"
query = { flag = { present = true }, v = "3" }
pool = "both"
""" + "".join(
        pool(origin.name, origin) for origin in origins
    )
    with Ringway(body) as ringway, ringway.client() as client:

        def lands(name, method, target, fields=()):
            equal(client.request(method, target, fields).get("X-Origin"), name, f"{method} {target} {fields}")

        lands("read", "GET", "/m/x")
        lands("read", "HEAD", "/m/x")
        lands("rest", "DELETE", "/m/x")
        lands("beta", "GET", "/h", {"x-beta": "yes"})
        lands("rest", "GET", "/h", {"x-beta": "no"})
        lands("mobile", "GET", "/h", {"User-Agent": "Mozilla (iPhone; x)"})
        lands("version", "GET", "/q?v=2.1")
        lands("flag", "GET", "/q?a=1&flag")
        lands("both", "GET", "/q?v=3&flag=0")
        lands("rest", "GET", "/q?v=1&flags=0")


if __name__ == "__main__":
    main(test)
