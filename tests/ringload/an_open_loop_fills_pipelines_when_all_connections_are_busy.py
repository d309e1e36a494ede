"""An open loop with --pipeline: connections that are free come first, then those whose pipeline has room; none of it holds the
run up."""

import socket
import threading
import time

from loading import check, equal, main, ringload
from loading.servers import QUICK

MARK = b"\r\n\r\n"


def serve(client, depths):
    """Answers what came together, 50 ms later."""
    kept = b""
    while got := client.recv(65536):
        kept += got
        time.sleep(0.05)
        asked = kept.count(MARK)
        depths.append(asked)
        kept = kept[kept.rindex(MARK) + len(MARK) :] if asked else kept
        client.sendall(QUICK * asked)


def test():
    listener = socket.create_server(("127.0.0.1", 0))
    depths = []

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], depths), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    flags = ("-d", "1s", "--warm-up", "0s", "-c", 2)
    done = ringload(listener.getsockname()[1], *flags, "-R", 150, "--pipeline", 8, seconds=10)
    equal(done["requests"]["answered"], 150, "answered")
    check(max(depths) > 1, f"no pipeline was filled: {depths}")
    depths.clear()
    done = ringload(listener.getsockname()[1], *flags, "-R", 10, "--pipeline", 8, seconds=10)
    equal(done["requests"]["answered"], 10, "answered")
    equal(max(depths), 1, "requests that came together while another connection was free")


if __name__ == "__main__":
    main(test)
