"""A response that stops in the middle is cut after response_timeout."""

from harness import (
    check,
    equal,
    eventually,
    forward_to,
    Hangup,
    header,
    main,
    Origin,
    Ringway,
    seconds_of,
    SLOW,
)


def test():
    def answer(request):
        request.connection.send(header(200, {"Content-Length": 1000}), b"start")
        request.connection.wait_peer_left(20 * SLOW)
        raise Hangup

    with Origin(answer) as origin, Ringway(
        forward_to(origin, pool_keys='response_timeout = "400ms"')
    ) as ringway, ringway.client() as client:
        client.ask("GET", "/")
        equal(client.reply_head().status, 200, "status")
        seconds, body = seconds_of(client.rest)
        equal(body, b"start", "body")
        check(0.3 < seconds < 0.4 + 1.5 * SLOW, f"cut after {seconds:.2f} s")
        eventually(lambda: origin.open_connections() == 0, "the upstream connection is closed")


if __name__ == "__main__":
    main(test)
