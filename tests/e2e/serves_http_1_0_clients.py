"""HTTP/1.0 clients get an answer they can read: closed by default, kept on request, never chunked."""

from harness import check, chunked, equal, forward_to, header, main, Origin, response, Ringway


def test():
    def answer(request):
        if request.target == "/chunked":
            return header(200, {"Transfer-Encoding": "chunked"}) + chunked(b"hello ", b"world")
        return response(200, b"plain")

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway:
        with ringway.client() as client:
            client.send("GET / HTTP/1.0\r\n\r\n")
            reply = client.reply()
            equal((reply.status, reply.body), (200, b"plain"), "reply without a Host")
            check(client.wait_closed(), "closed after the reply")
        with ringway.client() as client:
            for _ in range(3):
                client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
                reply = client.reply()
                equal(reply.body, b"plain", "body")
                equal(reply.get("Connection").lower(), "keep-alive", "Connection of a kept connection")
        with ringway.client() as client:
            client.send("GET /chunked HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            reply = client.reply()
            equal(
                (reply.get("Transfer-Encoding"), reply.body),
                (None, b"hello world"),
                "chunked answer unchunked",
            )
            check(client.wait_closed(), "its end is the end of the connection")
        equal(origin.last().version, "HTTP/1.1", "version towards the origin")


if __name__ == "__main__":
    main(test)
