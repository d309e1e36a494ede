"""Connection and what it names, Keep-Alive, TE, Proxy-* and the like stay on their hop, in both directions."""

from harness import equal, forward_to, main, Origin, response, Ringway


def test():
    def answer(request):
        return response(
            200,
            b"x",
            [
                ("Connection", "X-Secret, keep-alive"),
                ("X-Secret", "1"),
                ("Keep-Alive", "timeout=5"),
                ("Proxy-Connection", "keep-alive"),
                ("X-Kept", "yes"),
                ("Set-Cookie", "a=1"),
                ("Set-Cookie", "b=2"),
                ("Proxy-Authenticate", "Basic"),
            ],
        )

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        reply = client.request(
            "GET",
            "/",
            [
                ("Connection", "X-Hop, TE, Content-Length"),
                ("X-Hop", "1"),
                ("TE", "trailers"),
                ("Keep-Alive", "timeout=9"),
                ("Proxy-Connection", "keep-alive"),
                ("X-Stays", "a"),
                ("X-Stays", "b"),
                ("Upgrade", "h2c"),
                ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
            ],
        )
        request = origin.last()
        for name in ("X-Hop", "Keep-Alive", "Proxy-Connection", "Upgrade", "HTTP2-Settings"):
            equal(request.all(name), [], f"{name} at the origin")
        equal(request.all("X-Stays"), ["a", "b"], "fields that stay")
        for name in ("X-Secret", "Keep-Alive", "Proxy-Connection"):
            equal(reply.all(name), [], f"{name} at the client")
        equal(reply.get("X-Kept"), "yes", "field that stays")
        equal(reply.all("Set-Cookie"), ["a=1", "b=2"], "repeated fields stay apart")
        client.post("/", b"body", {"Connection": "Content-Length"})
        equal(origin.last().body, b"body", "a framing field cannot be nominated away")


if __name__ == "__main__":
    main(test)
