"""Redirects keep what they are told to keep of scheme, host, path and query."""

from harness import equal, main, Origin, pool, Ringway


def test():
    body = """
[[route]]
path_prefix = "/secure"
redirect = { scheme = "https" }
[[route]]
path = "/old"
redirect = { status = 301, path = "/new", keep_query = false }
[[route]]
host = "away.example"
redirect = { status = 302, host = "home.example" }
[[route]]
pool = "p"
"""
    with Origin() as origin, Ringway(body + pool("p", origin)) as ringway, ringway.client() as client:

        def location(target, status, host="test.example"):
            reply = client.request("GET", target, host=host)
            equal(reply.status, status, f"status of {target}")
            return reply.get("Location")

        equal(location("/secure/a?b=1", 308), "https://test.example/secure/a?b=1", "Location of a scheme")
        equal(location("/old?x=1", 301), "http://test.example/new", "Location of a path")
        equal(location("/p?q", 302, "away.example"), "http://home.example/p?q", "Location of a host")
        equal(origin.count(), 0, "requests at the origin")
        equal(client.request("HEAD", "/old").body, b"", "HEAD")
        equal(client.get("/else").status, 200, "next request")


if __name__ == "__main__":
    main(test)
