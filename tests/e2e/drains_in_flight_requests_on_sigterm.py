"""SIGTERM: in-flight requests finish, idle connections close, new ones are refused, /readyz says no, and it exits 0."""

import signal
import threading

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway, SLOW


def test():
    release = threading.Event()

    def answer(request):
        if request.target == "/slow":
            release.wait(10 * SLOW)
        return response(200, request.body + b"done")

    with Origin(answer) as origin, Ringway(forward_to(origin), graceful_timeout="10s") as ringway:
        idle = ringway.client()
        equal(idle.get("/").status, 200, "status before")
        slow = [ringway.client() for _ in range(5)]
        for client in slow:
            client.ask("POST", "/slow", body=b"x" * 1000)
        half = ringway.client()
        half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        eventually(lambda: origin.count() == 7, "all are at the origin")
        ringway.signal(signal.SIGTERM)
        check(idle.wait_closed(), "the idle connection is closed")
        check(ringway.admin("/readyz")[0] in (503, 0), "/readyz while draining")

        def refused():
            try:
                ringway.client().close()
                return False
            except ConnectionError:
                return True

        eventually(refused, "new connections are refused")
        check(ringway.process.poll() is None, "it waits for the requests")
        half.send("def")
        equal(half.reply().body, b"abcdefdone", "a request whose body was still coming")
        release.set()
        for client in slow:
            reply = client.reply()
            equal((reply.status, len(reply.body)), (200, 1004), "in-flight request")
            check(client.wait_closed(), "closed after it")
        equal(ringway.wait_end(5), 0, "exit status")


if __name__ == "__main__":
    main(test)
