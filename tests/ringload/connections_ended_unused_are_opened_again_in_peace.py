"""A server that ends connections before they are used is not flooded with new ones; one that ends a pipeline by the end of its
stream costs no connection that is opened for nothing."""

import socket
import threading
import time

from loading import check, equal, main, ringload


def serving(serve):
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    opened = []

    def accept():
        while True:
            client = listener.accept()[0]
            opened.append(client)
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1], opened


def ends_at_once():
    port, opened = serving(lambda client: client.close())
    done = ringload(port, "-R", 10, "-d", "2s", "--warm-up", "0s", "-c", 4, status=1)
    equal(done["requests"]["errors"], 20, "errors")
    check(len(opened) < 200, f"{len(opened)} connections were opened for 20 requests")


def answer_until_the_end(client):
    """Two requests come in a pipeline; the end of the answer to the first is that of the connection."""
    if client.recv(65536):
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\nok")
        time.sleep(0.02)
    client.shutdown(socket.SHUT_RDWR)
    client.close()


def ends_a_pipeline():
    port, opened = serving(answer_until_the_end)
    done = ringload(port, "-n", 40, "-c", 2, "--pipeline", 2, status=0)
    equal(done["requests"]["answered"], 20, "answered")
    equal(done["failures"]["cut"], 20, "cut")
    check(len(opened) <= 22, f"{len(opened)} connections were opened where 20 were used")


def test():
    ends_at_once()
    ends_a_pipeline()


if __name__ == "__main__":
    main(test)
