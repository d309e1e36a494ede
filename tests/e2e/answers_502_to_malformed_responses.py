"""What an origin says outside of the protocol is never passed on: the client gets a 502."""

from harness import check, equal, forward_to, Hangup, main, Origin, Ringway


BAD = {
    "no HTTP": b"hello\r\n\r\n",
    "bad status": b"HTTP/1.1 20x OK\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil\r\nContent-Length: 2\r\n\r\nok",
    "NUL": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nok",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "space before colon": b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 2\r\n\r\nok",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "unasked 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}


def test():
    names = list(BAD)

    def answer(request):
        request.connection.send(BAD[names[int(request.target[1:])]])
        raise Hangup

    with Origin(answer) as origin, Ringway(
        forward_to(
            origin,
            pool_keys="retry = { attempts_max = 1 }\nbreaker = { enabled = false }\noutlier = { enabled = false }",
        )
    ) as ringway:
        for number, what in enumerate(names):
            with ringway.client() as client:
                reply = client.request("POST", f"/{number}", body=b"x")
                equal(reply.status, 502, what)
        check(ringway.metric("ringway_upstream_malformed_total") >= 9, "malformed answers are counted")


if __name__ == "__main__":
    main(test)
