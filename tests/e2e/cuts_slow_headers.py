"""A client that dribbles its head is cut after header_timeout, whatever it sends in between; others are served meanwhile."""

import time

from harness import check, equal, forward_to, main, Origin, Ringway, SLOW


def test():
    with Origin() as origin, Ringway(forward_to(origin), listener='header_timeout = "500ms"') as ringway:
        slow = ringway.client()
        start = time.monotonic()
        slow.send("GET / HTTP/1.1\r\nHost: a\r\n")
        ended = None
        while time.monotonic() - start < 5 * SLOW and ended is None:
            try:
                slow.send("X: y\r\n")
                if not slow.silent_for(0.05):
                    ended = time.monotonic() - start
            except ConnectionError:
                ended = time.monotonic() - start
        check(ended is not None, "the slow client is cut")
        check(0.4 < ended < 0.5 + 1.5 * SLOW, f"cut after {ended:.2f} s")
        answer = slow.rest()
        check(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), f"what it was told: {answer[:50]!r}")
        equal(ringway.get("/").status, 200, "another client")
        equal(origin.count(), 1, "requests at the origin")
        equal(ringway.metric("ringway_refused_total", reason="header_timeout"), 1, "counted")


if __name__ == "__main__":
    main(test)
