"""--aborts: the server sees these connections end before it could answer; they are counted as aborted, and are no errors."""

import threading
import time

from loading import Origin, SLOW, check, equal, eventually, main, response, ringload

LOCK = threading.Lock()


def test():
    for flags, requests in ((("-n", 200, "-c", 20), 200), (("-R", 100, "-d", "2s", "--warm-up", "0s", "-c", 60), 200)):
        left, stayed = [], []

        def answer(request, left=left, stayed=stayed):
            begin = time.monotonic()
            gone = request.connection.wait_peer_left(0.4)
            request.connection.sock.settimeout(None)
            with LOCK:
                (left if gone else stayed).append(time.monotonic() - begin)
            return b"" if gone else response(200, b"late")

        with Origin(answer) as origin:
            done = ringload(origin, *flags, "--aborts", "30%", "--abort-after", "50ms")
            eventually(lambda: len(left) + len(stayed) == requests, "all handlers are done")
            aborted = done["requests"]["aborted"]
            check(0.15 * requests < aborted < 0.45 * requests, f"{aborted} of {requests} aborted; 30 % were asked for")
            equal(len(left), aborted, "connections that the server saw end before its answer")
            equal(done["requests"]["answered"], len(stayed), "answered")
            equal(done["requests"]["errors"], 0, "errors")
            equal(done["latency"]["count"], len(stayed), "latencies")
            when = sorted(left)[len(left) // 2]
            check(0.035 < when < 0.12 * SLOW, f"they left after {when:.3f} s")


if __name__ == "__main__":
    main(test)
