"""Clients that read nothing stop their origins instead of filling ringway's memory; others are served at full speed."""

import time

from harness import (
    check,
    equal,
    eventually,
    forward_to,
    header,
    main,
    Origin,
    response,
    Ringway,
    seconds_of,
    SLOW,
)


def test():
    sent = {}

    def answer(request):
        connection = request.connection
        if request.target == "/quick":
            return response(200, b"quick")
        connection.send(header(200, {"Content-Length": 200_000_000}))
        for _ in range(200):
            connection.send(b"x" * 1_000_000)
            sent[connection] = sent.get(connection, 0) + 1_000_000
        return None

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway:
        before = ringway.rss_bytes()
        stalled = [ringway.client(receive_bytes=8192) for _ in range(20)]
        for client in stalled:
            client.ask("GET", "/")
        time.sleep(1.5)
        grown = ringway.rss_bytes() - before
        check(grown < 40_000_000 * SLOW, f"memory grew by {grown}")
        check(
            max(sent.values(), default=0) < 50_000_000,
            f"the most that an origin could send: {max(sent.values(), default=0)}",
        )
        for _ in range(20):
            seconds, reply = seconds_of(lambda: ringway.get("/quick"))
            equal(reply.body, b"quick", "body")
            check(seconds < 0.5 * SLOW, f"another client waits {seconds:.2f} s")
        for client in stalled:
            client.reset()
        eventually(lambda: origin.open_connections() <= 1, "the stalled upstream requests are cancelled")


if __name__ == "__main__":
    main(test)
