"""Routes set, add and remove request and response fields."""

from harness import equal, main, Origin, pool, response, Ringway


def test():
    body = """
[[route]]
path_prefix = "/e"
pool = "p"
request_headers = { set = { "X-Set" = "route", "Authorization" = "Bearer r" }, add = { "X-Add" = "more" }, remove = ["X-Gone", "cookie"] }
response_headers = { set = { "Server" = "ringway" }, add = { "X-Frame-Options" = "DENY" }, remove = ["X-Powered-By"] }
[[route]]
pool = "p"
"""

    def answer(request):
        return response(200, b"b", [("Server", "origin"), ("X-Powered-By", "php"), ("X-Stays", "1")])

    with Origin(answer) as origin, Ringway(body + pool("p", origin)) as ringway, ringway.client() as client:
        fields = [
            ("X-Set", "client"),
            ("X-Add", "first"),
            ("X-Gone", "1"),
            ("Cookie", "a=b"),
            ("x-set", "again"),
            ("X-Stays", "y"),
        ]
        for _ in range(2):
            reply = client.request("GET", "/e", fields)
            request = origin.last()
            equal(request.all("X-Set"), ["route"], "set replaces all")
            equal(request.get("Authorization"), "Bearer r", "set adds what was not there")
            equal(request.all("X-Add"), ["first", "more"], "add keeps")
            equal(request.all("X-Gone") + request.all("Cookie"), [], "removed")
            equal(request.get("X-Stays"), "y", "untouched")
            equal(
                (
                    reply.get("Server"),
                    reply.get("X-Frame-Options"),
                    reply.get("X-Powered-By"),
                    reply.get("X-Stays"),
                ),
                ("ringway", "DENY", None, "1"),
                "response fields",
            )
            equal(reply.body, b"b", "body")
        reply = client.request("GET", "/other", fields)
        equal(origin.last().all("X-Set"), ["client", "again"], "another route edits nothing")
        equal(reply.get("Server"), "origin", "response of another route")


if __name__ == "__main__":
    main(test)
