"""Every request whose framing or syntax has two readings gets 400 and a closed connection, and never reaches the origin."""

from harness import check, equal, forward_to, main, Origin, Ringway


BAD = {
    "two lengths": "Content-Length: 3\r\nContent-Length: 4\r\n",
    "one length twice": "Content-Length: 3\r\nContent-Length: 3\r\n",
    "a list of lengths": "Content-Length: 3, 3\r\n",
    "length and chunked": "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    "signed length": "Content-Length: +3\r\n",
    "hexadecimal length": "Content-Length: 0x3\r\n",
    "huge length": "Content-Length: 99999999999999999999\r\n",
    "chunked twice": "Transfer-Encoding: chunked, chunked\r\n",
    "chunked not last": "Transfer-Encoding: chunked, identity\r\n",
    "a tab in the coding": "Transfer-Encoding: \x0bchunked\r\n",
    "space before the colon": "X-A : 1\r\n",
    "folded line": "X-A: 1\r\n 2\r\n",
    "bare CR": "X-A: 1\r2\r\n",
    "bare LF": "X-A: 1\nX-B: 2\r\n",
    "NUL": "X-A: 1\x002\r\n",
    "empty name": ": 1\r\n",
    "bad name": "X(A): 1\r\n",
    "second Host": "Host: b\r\n",
}


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway:
        for what, lines in BAD.items():
            with ringway.client() as client:
                client.send("POST / HTTP/1.1\r\nHost: a\r\n", lines, "\r\n")
                reply = client.reply()
                check(
                    reply.status in ((400, 501) if "last" in what or "twice" in what else (400,)),
                    f"{what}: {reply.status}",
                )
                check(client.wait_closed(), f"{what}: closed")
        for start in (
            "GET / HTTP/1.1 \r\nHost: a\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n",
            "GET /\r\n",
            "G@T / HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.1\r\n",
            "GET /\x01 HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n",
        ):
            with ringway.client() as client:
                client.send(start, "\r\n")
                equal(client.reply().status, 400, repr(start))
                check(client.wait_closed(), f"{start!r}: closed")
        with ringway.client() as client:
            client.send("GET / HTTP/2.0\r\nHost: a\r\n\r\n")
            equal(client.reply().status, 505, "another major version")
        equal(origin.count(), 0, "requests that reached the origin")
        refused = ringway.metric("ringway_refused_total", reason="bad_request")
        check(refused >= len(BAD), f"refusals are counted: {refused}")


if __name__ == "__main__":
    main(test)
