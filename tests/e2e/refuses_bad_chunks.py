"""A malformed chunk in a request ends the connection with 400, and the origin never sees a whole message."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    bad = (
        "zz\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3 \n\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n",
        "fffffffffffffffff\r\nabc",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nX : y\r\n\r\n",
    )
    with Origin() as origin, Ringway(forward_to(origin)) as ringway:
        for body in bad:
            with ringway.client() as client:
                client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", body)
                answer = client.rest()
                check(answer == b"" or answer.startswith(b"HTTP/1.1 400 "), f"{body!r}: {answer[:60]!r}")
        check(not any(request.whole for request in origin.requests), "no request is whole at the origin")
        equal(ringway.get("/").status, 200, "a good request afterwards")


if __name__ == "__main__":
    main(test)
