"""--pipeline 8: a connection sends eight requests before the first answer, and never a ninth."""

import socket
import threading

from loading import check, equal, main, ringload
from loading.servers import QUICK

DEPTH = 8
MARK = b"\r\n\r\n"


def serve(listener, seen):
    """Answers by eights, after it has looked whether a ninth comes."""
    client, _ = listener.accept()
    kept = b""
    client.settimeout(0.05)
    while True:
        try:
            got = client.recv(65536)
            if not got:
                return
            kept += got
        except TimeoutError:
            waiting = kept.count(MARK)
            if waiting:
                seen.append(waiting)
                client.sendall(QUICK * waiting)
                kept = kept[kept.rindex(MARK) + len(MARK) :]


def test():
    listener = socket.create_server(("127.0.0.1", 0))
    seen = []
    threading.Thread(target=serve, args=(listener, seen), daemon=True).start()
    done = ringload(listener.getsockname()[1], "-c", 1, "--pipeline", DEPTH, "-n", 80)
    equal(sum(seen), 80, "requests that the server saw")
    equal(seen, [DEPTH] * 10, "requests that waited together")
    equal(done["requests"]["answered"], 80, "answered")
    check(done["latency"]["p50_ms"] >= 50, f"they waited for 50 ms: {done['latency']['p50_ms']}")


if __name__ == "__main__":
    main(test)
