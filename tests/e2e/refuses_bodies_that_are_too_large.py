"""A body over body_bytes_max gets 413: at once when its length says so, as soon as it passes the bound when chunked."""

import time

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin), listener='body_bytes_max = "10KiB"') as ringway:
        with ringway.client() as client:
            equal(client.post("/", b"x" * 10240).status, 200, "the largest body")
        with ringway.client() as client:
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10241\r\n\r\n")
            equal(client.reply().status, 413, "a larger one, by its length")
            check(client.wait_closed(), "closed")
        equal(origin.count(), 1, "requests at the origin")
        with ringway.client() as client:
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(11):
                    client.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
                    time.sleep(0.01)
            except ConnectionError:
                pass
            answer = client.rest()
            check(
                answer == b"" or answer.startswith(b"HTTP/1.1 413 "),
                f"a larger one, chunked: {answer[:50]!r}",
            )
        check(
            not any(request.whole for request in origin.requests[1:]),
            "no oversized request is whole at the origin",
        )
        equal(ringway.metric("ringway_refused_total", reason="body_too_large"), 2, "counted")


if __name__ == "__main__":
    main(test)
