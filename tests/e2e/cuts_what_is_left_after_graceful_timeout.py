"""A drain ends after graceful_timeout, whoever still hangs on."""

import signal

from harness import check, equal, eventually, forward_to, Hangup, main, Origin, Ringway, seconds_of, SLOW


def test():
    def stalls(request):
        request.connection.wait_peer_left(30 * SLOW)
        raise Hangup

    with Origin(stalls) as origin, Ringway(
        forward_to(origin), graceful_timeout="700ms"
    ) as ringway, ringway.client() as client:
        client.ask("GET", "/")
        eventually(lambda: origin.count() == 1, "the request is at the origin")
        ringway.signal(signal.SIGTERM)
        seconds, status = seconds_of(lambda: ringway.wait_end(10))
        equal(status, 0, "exit status")
        check(0.5 < seconds < 0.7 + 2 * SLOW, f"ended after {seconds:.2f} s")


if __name__ == "__main__":
    main(test)
