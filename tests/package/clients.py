"""Clients that ask a port of this machine one request after the other, and note each that was not answered with 200."""

import socket
import threading
import time

from checks import Wrong, check

BOUND_SECONDS = 30
PAUSE_SECONDS = 0.002
ASK = "GET / HTTP/1.1\r\nHost: a\r\nConnection: {}\r\n\r\n"


class Asker:
    """One connection. An answer has a Content-Length here."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), BOUND_SECONDS)
        self.goes_on = True

    def ask(self, connection="keep-alive"):
        """The body; OSError or Wrong when there is none."""
        self.socket.sendall(ASK.format(connection).encode())
        return self.answer()

    def begin(self):
        """A request whose end() is to come."""
        self.socket.sendall(ASK[:20].encode())

    def end(self):
        self.socket.sendall(ASK.format("keep-alive")[20:].encode())
        return self.answer()

    def answer(self):
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.more(text)
        head, _, body = text.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
        while len(body) < int(fields["content-length"]):
            body += self.more(body)
        check(head.startswith(b"HTTP/1.1 200 "), f"answered {head[:40]!r}")
        self.goes_on = fields.get("connection") != "close"
        return body.decode()

    def more(self, so_far):
        piece = self.socket.recv(65536)
        check(piece, f"closed behind {len(so_far)} bytes of an answer")
        return piece

    def close(self):
        self.socket.close()


def body_of(port):
    asker = Asker(port)
    try:
        return asker.ask("close")
    finally:
        asker.close()


def answers(port):
    try:
        return bool(body_of(port))
    except (OSError, Wrong):
        return False


class Clients:
    """Some with a connection for each request, some that keep theirs, from the beginning of the block to its end."""

    def __init__(self, port, anew, kept):
        self.port = port
        self.over = threading.Event()
        self.answered = [0] * (anew + kept)
        self.failures = []
        self.threads = [threading.Thread(target=self.go_on, args=(place, place < kept), daemon=True)
                        for place in range(anew + kept)]

    def go_on(self, place, keeps):
        asker = None
        while not self.over.is_set():
            try:
                asker = asker or Asker(self.port)
                asker.ask("keep-alive" if keeps else "close")
                self.answered[place] += 1
                if keeps and asker.goes_on:
                    time.sleep(PAUSE_SECONDS)
                    continue
            except (OSError, Wrong) as what:
                self.failures.append(f"{'a kept' if keeps else 'a new'} connection: {what!r}")
            if asker:
                asker.close()
            asker = None
            time.sleep(PAUSE_SECONDS)
        if asker:
            asker.close()

    def wait_for_more(self):
        """Until each has been answered again."""
        before = list(self.answered)
        end = time.monotonic() + BOUND_SECONDS
        while any(now <= then + 1 for now, then in zip(self.answered, before)):
            check(time.monotonic() < end, f"clients wait for an answer: {before}, {self.answered}; {self.failures[:5]}")
            time.sleep(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        try:
            self.wait_for_more()
        except Wrong:
            self.over.set()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.wait_for_more()
        finally:
            self.over.set()
        for thread in self.threads:
            thread.join()
        what = f"{len(self.failures)} failed, {sum(self.answered)} were answered: {self.failures[:5]}"
        check(kind is not None or not self.failures, what)


__all__ = ["Asker", "Clients", "answers", "body_of"]
