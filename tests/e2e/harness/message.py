"""HTTP/1.1 messages as bytes: building them, and reading them off a socket."""

import random

CRLF = b"\r\n"


class Ended(Exception):
    """The peer closed (or reset) before the message was whole."""


def encoded(text):
    return text if isinstance(text, bytes) else str(text).encode("latin-1")


def field_lines(fields):
    pairs = fields.items() if isinstance(fields, dict) else fields
    return b"".join(encoded(name) + b": " + encoded(value) + CRLF for name, value in pairs)


def response(status=200, body=b"", fields=(), reason="OK"):
    """A response whose body has a Content-Length."""
    body = encoded(body)
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + field_lines(fields) + CRLF + body


def header(status=200, fields=(), reason="OK"):
    """A response head alone, framed by whatever the fields say."""
    return f"HTTP/1.1 {status} {reason}\r\n".encode() + field_lines(fields) + CRLF


def chunked(*pieces, trailers=()):
    """A chunked body: one chunk for each piece, then the end."""
    out = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in map(encoded, pieces) if piece)
    return out + b"0\r\n" + field_lines(trailers) + CRLF


def pattern(size, seed=0):
    """Bytes that no other seed has, so that a byte of another message shows."""
    return random.Random(seed).randbytes(size)


class Reader:
    """Buffered reading of messages from a socket."""

    def __init__(self, sock):
        self.sock = sock
        self.kept = b""

    def more(self):
        """Receives once; False at the end of the stream."""
        got = self.sock.recv(65536)
        self.kept += got
        return bool(got)

    def until(self, mark):
        """Bytes through the mark."""
        while mark not in self.kept:
            if not self.more():
                raise Ended(f"closed before {mark!r}; so far {self.kept[:200]!r}")
        end = self.kept.index(mark) + len(mark)
        out, self.kept = self.kept[:end], self.kept[end:]
        return out

    def exactly(self, size):
        """`size` bytes. Collected apart, so that large bodies stay linear."""
        pieces = [self.kept[:size]]
        have = len(pieces[0])
        self.kept = self.kept[size:]
        while have < size:
            got = self.sock.recv(min(size - have, 1 << 20))
            if not got:
                raise Ended(f"closed after {have} of {size} bytes")
            pieces.append(got)
            have += len(got)
        return b"".join(pieces)

    def rest(self):
        """Everything up to the end of the stream."""
        pieces = [self.kept]
        self.kept = b""
        while got := self.sock.recv(1 << 20):
            pieces.append(got)
        return b"".join(pieces)

    def head(self):
        """Start line and fields, in order."""
        raw = self.until(CRLF + CRLF)
        start, *lines = raw[:-4].decode("latin-1").split("\r\n")
        fields = []
        for line in lines:
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))
        return raw, start, fields

    def chunks(self):
        """The payload pieces of a chunked body, as sent; then the trailer fields."""
        pieces, trailers = [], []
        while True:
            size = int(self.until(CRLF).split(b";")[0].strip(), 16)
            if size == 0:
                break
            pieces.append(self.exactly(size))
            if self.exactly(2) != CRLF:
                raise AssertionError("a chunk does not end with CRLF")
        while (line := self.until(CRLF)) != CRLF:
            name, _, value = line.decode("latin-1").partition(":")
            trailers.append((name, value.strip()))
        return pieces, trailers


class Message:
    """What requests and replies have in common."""

    def __init__(self, raw, fields):
        self.raw = raw
        self.fields = fields
        self.body = b""
        self.pieces = []
        self.trailers = []

    def all(self, name):
        return [value for other, value in self.fields if other.lower() == name.lower()]

    def get(self, name, default=None):
        """The only value of a field; a repeated field is a fault of its own."""
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError(f"{name} is there {len(values)} times: {values}")
        return values[0] if values else default

    def chunked(self):
        return any(value.lower() == "chunked" for value in self.all("Transfer-Encoding"))

    def read_body(self, reader, until_close=False):
        if self.chunked():
            self.pieces, self.trailers = reader.chunks()
            self.body = b"".join(self.pieces)
        elif self.all("Content-Length"):
            self.body = reader.exactly(int(self.get("Content-Length")))
        elif until_close:
            self.body = reader.rest()
