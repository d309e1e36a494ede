"""A respond route answers by itself with its status, body and type; HEAD without the body."""

from harness import equal, main, Origin, pool, Ringway


def test():
    body = """
[[route]]
path = "/ping"
respond = { status = 200, body = "pong" }
[[route]]
path = "/gone"
respond = { status = 410, body = "{}", content_type = "application/json" }
[[route]]
path = "/empty"
respond = { status = 204 }
[[route]]
pool = "p"
"""
    with Origin() as origin, Ringway(body + pool("p", origin)) as ringway, ringway.client() as client:
        for _ in range(2):
            reply = client.get("/ping")
            equal(
                (reply.status, reply.body, reply.get("Content-Type")),
                (200, b"pong", "text/plain; charset=utf-8"),
                "ping",
            )
            reply = client.request("HEAD", "/ping")
            equal((reply.status, reply.get("Content-Length"), reply.body), (200, "4", b""), "HEAD")
            reply = client.post("/gone", b"x" * 10000)
            equal(
                (reply.status, reply.body, reply.get("Content-Type")),
                (410, b"{}", "application/json"),
                "gone",
            )
            equal(client.get("/empty").status, 204, "empty")
        equal(client.get("/").status, 200, "next request")


if __name__ == "__main__":
    main(test)
