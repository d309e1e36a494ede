"""Trailer fields of chunked requests and responses pass through."""

from harness import chunked, equal, forward_to, header, main, Origin, Ringway


def test():
    def answer(request):
        equal(request.trailers, [("X-Request-Sum", "abc")], "trailers at the origin")
        return header(200, {"Transfer-Encoding": "chunked", "Trailer": "X-Sum"}) + chunked(
            b"body", trailers={"X-Sum": "123", "X-More": "more"}
        )

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for _ in range(2):
            client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n"
                "Trailer: X-Request-Sum\r\n\r\n",
                chunked(b"hi", trailers={"X-Request-Sum": "abc"}),
            )
            reply = client.reply()
            equal(reply.body, b"body", "body")
            equal(reply.trailers, [("X-Sum", "123"), ("X-More", "more")], "trailers at the client")


if __name__ == "__main__":
    main(test)
