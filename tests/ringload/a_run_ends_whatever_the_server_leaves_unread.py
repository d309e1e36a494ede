"""A server may answer before it has the whole request and never read the rest: the connection is given up, the run goes on."""

import socket
import threading
import time

from loading import TemporaryFolder, equal, main, ringload
from loading.servers import QUICK


def serve(client):
    """Reads the begin of one request, answers it, and reads no more."""
    client.recv(1000)
    client.sendall(QUICK)
    time.sleep(10)


def test():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with TemporaryFolder() as folder:
        body = folder.file("body", "x" * 8_000_000)
        done = ringload(listener.getsockname()[1], "-n", 8, "-c", 4, "--body-file", body, seconds=10)
    equal(done["requests"]["answered"], 8, "answered")
    equal(done["requests"]["errors"], 0, "errors")
    equal(done["connects"], 8, "connections: one for each request, since none can take another")


if __name__ == "__main__":
    main(test)
