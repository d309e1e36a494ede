"""POST /drain is SIGTERM: /readyz says so at once, what is under way ends well and is counted down, then the process ends."""

import json
import threading

from harness import Client, Controlled, check, equal, eventually, forward_to, main, Origin, response


def test():
    release = threading.Event()

    def answer(request):
        if request.target == "/stream":
            request.connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
            release.wait(20)
            return b"0\r\n\r\n"
        if request.target == "/socket":
            request.connection.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
            )
            release.wait(20)
            return None
        if request.target == "/slow":
            release.wait(20)
        return response(200, "done")

    with Origin(answer) as origin, Controlled(forward_to(origin), graceful_timeout="20s") as ringway:
        idle = ringway.client()
        equal(idle.get("/").status, 200, "status")
        slow, stream, tunnel = (ringway.client() for _ in range(3))
        slow.ask("GET", "/slow")
        stream.ask("GET", "/stream")
        equal(stream.reply_head().status, 200, "a stream")
        tunnel.ask("GET", "/socket", [("Connection", "upgrade"), ("Upgrade", "x")])
        equal(tunnel.reply_head().status, 101, "a tunnel")

        def left():
            page = ringway.page("/drain")
            return page["connections"], page["exchanges"], page["streams"], page["tunnels"]

        eventually(lambda: left() == (4, 3, 1, 1), "all are counted")
        equal(ringway.page("/drain")["seconds_left"], None, "no end in sight")
        follower = Client(ringway.admin_port)
        page = ringway.change("/drain")
        equal(page["draining"], True, "it drains")
        status, text = ringway.admin("/readyz")
        equal((status, text), (503, "not ready: draining\n"), "/readyz at once")
        equal(ringway.admin("/healthz")[0], 200, "it lives")
        eventually(lambda: ringway.page("/drain")["seconds_left"], "seconds are counted down")
        check(5 < ringway.page("/drain")["seconds_left"] <= 20, "seconds left")
        check(idle.wait_closed(), "the idle connection is closed")
        eventually(lambda: left() == (3, 3, 1, 1), "what is left")
        equal(ringway.page("/status")["phase"], "draining", "phase")
        release.set()
        reply = slow.reply()
        equal((reply.status, reply.get("Connection"), reply.text()), (200, "close", "done"), "the slow request")
        equal(stream.rest(), b"1\r\nx\r\n0\r\n\r\n", "the stream")
        tunnel.close()
        equal(ringway.wait_end(15), 0, "exit status")
        check(json.dumps(page), "an answer was read")
        follower.close()


if __name__ == "__main__":
    main(test)
