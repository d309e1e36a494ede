"""request_timeout bounds a request as a whole: of the listener, or of its route, before and after the answer began."""

import time

from harness import check, equal, eventually, Hangup, header, main, Origin, pool, Ringway, seconds_of, SLOW


def test():
    def answer(request):
        if request.target.endswith("drip"):
            request.connection.send(header(200, {"Content-Length": 1000}))
            while True:
                request.connection.send(b"x")
                time.sleep(0.05)
        request.connection.wait_peer_left(20 * SLOW)
        raise Hangup

    body = '[[route]]\npath_prefix = "/short"\nrequest_timeout = "300ms"\npool = "p"\n[[route]]\npool = "p"\n'
    with Origin(answer) as origin, Ringway(
        body + pool("p", origin), listener='request_timeout = "900ms"'
    ) as ringway:
        for target, limit in (("/short", 0.3), ("/long", 0.9)):
            seconds, reply = seconds_of(lambda where=target: ringway.get(where))
            check(reply.status in (504, 408), f"{target}: status {reply.status}")
            check(limit - 0.1 < seconds < limit + 1.5 * SLOW, f"{target}: after {seconds:.2f} s")
        with ringway.client() as client:
            client.ask("GET", "/short/drip")
            equal(client.reply_head().status, 200, "status")
            seconds, data = seconds_of(client.rest)
            check(
                len(data) < 1000 and seconds < 0.3 + 1.5 * SLOW,
                f"cut after {seconds:.2f} s and {len(data)} bytes",
            )
        eventually(lambda: origin.open_connections() == 0, "upstream requests are cancelled")
        equal(ringway.metric("ringway_refused_total", reason="request_timeout"), 3, "counted")


if __name__ == "__main__":
    main(test)
