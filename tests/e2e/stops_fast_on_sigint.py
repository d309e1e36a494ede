"""SIGINT cuts everything and ends at once."""

import signal

from harness import check, equal, eventually, forward_to, Hangup, main, Origin, Ringway, seconds_of, SLOW


def test():
    def stalls(request):
        request.connection.wait_peer_left(30 * SLOW)
        raise Hangup

    with Origin(stalls) as origin, Ringway(
        forward_to(origin), graceful_timeout="30s"
    ) as ringway, ringway.client() as client:
        client.ask("GET", "/")
        eventually(lambda: origin.count() == 1, "the request is at the origin")
        ringway.signal(signal.SIGINT)
        seconds, status = seconds_of(lambda: ringway.wait_end(10))
        equal(status, 0, "exit status")
        check(seconds < 1.5 * SLOW, f"ended after {seconds:.2f} s")
        check(client.wait_closed(), "the client is cut")


if __name__ == "__main__":
    main(test)
