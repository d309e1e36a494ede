"""A kept-alive connection without a request, and one that never sends any, are closed after their times."""

from harness import check, equal, forward_to, main, Origin, Ringway, seconds_of, SLOW


def test():
    with Origin() as origin, Ringway(
        forward_to(origin), listener='idle_timeout = "400ms"\nheader_timeout = "600ms"'
    ) as ringway:
        with ringway.client() as client:
            equal(client.get("/").status, 200, "status")
            seconds, closed = seconds_of(client.wait_closed)
            check(closed and 0.3 < seconds < 0.4 + 1.5 * SLOW, f"closed after {seconds:.2f} s ({closed})")
        with ringway.client() as client:
            seconds, answer = seconds_of(client.rest)
            check(0.3 < seconds < 0.6 + 1.5 * SLOW, f"a silent client is closed after {seconds:.2f} s")
            check(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), f"what it was told: {answer[:50]!r}")


if __name__ == "__main__":
    main(test)
