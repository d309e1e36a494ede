"""A TCP check connects, sends what it is told to, and compares the first bytes of the answer; on another port if told so."""

import socket
import threading

from harness import equal, eventually, free_port, health_check, main, Origin, pool, Ringway, upstream


class Speaker:
    """Listens, and answers each PING with its word."""

    def __init__(self, word):
        self.word = word
        self.heard = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(sock,), daemon=True).start()

    def answer(self, sock):
        with sock:
            said = sock.recv(100)
            self.heard.append(said)
            sock.sendall(self.word)
            sock.recv(100)  # until the other side closes


def tcp(port, timeout='"2s"', **keys):
    return health_check(path=None, interval="2s", kind='"tcp"', port=port, fall=1, timeout=timeout, **keys)


def test():
    good, bad, mute = Speaker(b"+PONG\r\n"), Speaker(b"-ERR\r\n"), Speaker(b"")
    words = {"send": '"PING\\r\\n"', "expect": '"+PONG"'}
    checks = {
        "connects": tcp(bad.port),
        "refused": tcp(free_port()),
        "pongs": tcp(good.port, **words),
        "errs": tcp(bad.port, **words),
        "mute": tcp(mute.port, '"40ms"', **words),
    }
    wanted = {
        "connects": ("healthy", "passed"),
        "refused": ("unhealthy", "refused"),
        "pongs": ("healthy", "passed"),
        "errs": ("unhealthy", "malformed"),
        "mute": ("unhealthy", "timed_out"),
    }
    with Origin() as origin:
        pools = "".join(
            pool(name, upstream(origin).replace('"origin"', f'"{name}"'), extra=keys)
            for name, keys in checks.items()
        )
        with Ringway('[[route]]\npool = "pongs"\n' + pools, ready="/healthz") as ringway:

            def verdicts():
                found = {
                    found["name"]: (found["state"], (found["checks"][0]["last"] or {}).get("end"))
                    for found in ringway.page("/upstreams")
                }
                return found if "unknown" not in dict(found.values()) else None

            equal(eventually(verdicts, "all verdicts"), wanted, "verdicts")
            equal(good.heard[0], b"PING\r\n", "what the check said")
            equal(ringway.get("/").status, 200, "requests go to the port of the upstream")


if __name__ == "__main__":
    main(test)
