"""A client on a raw socket: says exactly the bytes that a test wants, and reads replies strictly."""

import os
import socket
import struct

from harness.ground import SLOW
from harness.message import Ended, Message, Reader, encoded, field_lines


class Reply(Message):
    def __init__(self, raw, start, fields):
        super().__init__(raw, fields)
        self.version, _, rest = start.partition(" ")
        status, _, self.reason = rest.partition(" ")
        self.status = int(status)
        self.informational = []  # the 1xx replies before this one

    def text(self):
        return self.body.decode("latin-1")


class Client:
    """One connection. `to` is a port of 127.0.0.1, a (host, port), or a unix path."""

    def __init__(self, to, seconds=10.0, source=None, receive_bytes=None):
        family = socket.AF_INET
        if isinstance(to, str):
            family = socket.AF_UNIX
        elif isinstance(to, int):
            to = ("127.0.0.1", to)
        elif ":" in to[0]:
            family = socket.AF_INET6
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.sock.settimeout(seconds * SLOW)
        if source:
            self.sock.bind((source, 0))
        self.sock.connect(to)
        if family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def send(self, *parts):
        self.sock.sendall(b"".join(encoded(part) for part in parts))

    def ask(self, method="GET", target="/", fields=(), body=None, host="test.example", version="HTTP/1.1"):
        """Sends one request, its body by length."""
        head = f"{method} {target} {version}\r\n".encode("latin-1")
        if host is not None:
            head += f"Host: {host}\r\n".encode("latin-1")
        head += field_lines(fields)
        if body is not None:
            head += b"Content-Length: %d\r\n" % len(body)
        self.send(head, b"\r\n", body or b"")

    def reply(self, method="GET"):
        """Reads the next final reply whole."""
        informational = []
        while True:
            reply = self.reply_head()
            if 100 <= reply.status < 200 and reply.status != 101:
                informational.append(reply)
                continue
            reply.informational = informational
            if method != "HEAD" and reply.status not in (101, 204, 304):
                reply.read_body(self.reader, until_close=True)
            return reply

    def reply_head(self):
        raw, start, fields = self.reader.head()
        if not start.startswith("HTTP/1."):
            raise AssertionError(f"not a reply: {raw[:200]!r}")
        return Reply(raw, start, fields)

    def request(self, method="GET", target="/", fields=(), body=None, **more):
        self.ask(method, target, fields, body, **more)
        return self.reply(method)

    def get(self, target="/", **fields):
        """GET with fields given by keyword: X_Name for X-Name."""
        return self.request(
            "GET", target, [(name.replace("_", "-"), value) for name, value in fields.items()]
        )

    def post(self, target="/", body=b"", fields=()):
        return self.request("POST", target, fields, body)

    def wait_closed(self, seconds=5.0):
        """True when the connection ends (FIN or RST) without another byte within the time."""
        if self.reader.kept:
            return False
        self.sock.settimeout(seconds * SLOW)
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def silent_for(self, seconds):
        """True when no byte and no end comes within the time."""
        if self.reader.kept:
            return False
        before = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            self.reader.more()
            return False
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(before)

    def rest(self):
        """Everything until the end; a reset ends it too."""
        pieces = [self.reader.kept]
        self.reader.kept = b""
        try:
            while got := self.sock.recv(1 << 20):
                pieces.append(got)
        except ConnectionError:
            pass
        return b"".join(pieces)

    def finish_sending(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get_by_curl(*arguments):
    """Runs curl; its standard output."""
    import subprocess

    command = ["curl", "-sS", "--max-time", str(int(20 * SLOW)), *arguments]
    return subprocess.run(command, capture_output=True, check=True, env={"PATH": os.environ["PATH"]}).stdout


__all__ = ["Client", "Ended", "Reply", "get_by_curl"]
