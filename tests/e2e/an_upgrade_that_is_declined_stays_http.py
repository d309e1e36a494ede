"""When the origin answers an Upgrade request with 200, the connection goes on as HTTP."""

from harness import equal, forward_to, main, Origin, response, Ringway


def test():
    with Origin(lambda request: response(200, b"plain")) as origin, Ringway(
        forward_to(origin)
    ) as ringway, ringway.client() as client:
        for _ in range(2):
            reply = client.request("GET", "/", {"Connection": "Upgrade", "Upgrade": "echo/1"})
            equal((reply.status, reply.body), (200, b"plain"), "reply")
        equal(client.get("/").body, b"plain", "next request")


if __name__ == "__main__":
    main(test)
