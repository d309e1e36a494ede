"""A client that stops in the middle of its body is cut after body_timeout, and so is its upstream request."""

import time

from harness import check, equal, eventually, forward_to, main, Origin, Ringway, seconds_of, SLOW


def test():
    with Origin() as origin, Ringway(
        forward_to(origin), listener='body_timeout = "1s"'
    ) as ringway, ringway.client() as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
        time.sleep(0.4)
        client.send("def")  # each piece starts the time again
        seconds, answer = seconds_of(client.rest)
        check(0.8 < seconds < 1 + 1.5 * SLOW, f"cut after {seconds:.2f} s")
        check(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), f"what it was told: {answer[:50]!r}")
        eventually(lambda: origin.open_connections() == 0, "the upstream request is cancelled")
        equal(ringway.metric("ringway_refused_total", reason="body_timeout"), 1, "counted")


if __name__ == "__main__":
    main(test)
