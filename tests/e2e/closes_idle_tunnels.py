"""An upgraded connection with no byte in either direction is closed after tunnel_timeout; traffic keeps it open."""

import time

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
        connection = request.connection
        connection.send(header(101, {"Upgrade": "x", "Connection": "Upgrade"}, "Switching Protocols"))
        while connection.reader.kept or connection.reader.more():
            data, connection.reader.kept = connection.reader.kept, b""
            connection.send(data)
        raise Hangup

    with Origin(answer) as origin, Ringway(
        forward_to(origin), listener='tunnel_timeout = "1s"'
    ) as ringway, ringway.client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        equal(client.reply().status, 101, "status")
        for _ in range(4):
            client.send("ping")
            equal(client.reader.exactly(4), b"ping", "echo")
            time.sleep(0.4)
        seconds, closed = seconds_of(client.wait_closed)
        check(closed and seconds < 1 + 1.5 * SLOW, f"closed after {seconds:.2f} s ({closed})")
        eventually(lambda: origin.open_connections() == 0, "the upstream side is closed")


if __name__ == "__main__":
    main(test)
