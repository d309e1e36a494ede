"""What the tests of ringorigin use: the binary as a process, a raw client, the bodies that it must send."""

import signal
import socket
import subprocess
import tempfile
import time

LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789"
PERIOD = bytes(LETTERS[(j + j // 36) % 36] for j in range(65521))


def pattern(count):
    return (PERIOD * (count // len(PERIOD) + 1))[:count]


def fnv1a(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


class Closed(Exception):
    pass


class Client:
    """One connection and a reader of responses that trusts nothing but the bytes."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(5)
        self.socket.connect(address)
        self.bytes = b""

    def send(self, data):
        self.socket.sendall(data)

    def get(self, target, method="GET", fields="", body=b""):
        self.send(f"{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}\r\n".encode() + body)
        return self.response(method)

    def post(self, target, body=b""):
        return self.get(target, "POST", f"Content-Length: {len(body)}\r\n", body)

    def fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Closed(self.bytes)
        self.bytes += data

    def until(self, mark):
        while mark not in self.bytes:
            self.fill()
        found, self.bytes = self.bytes.split(mark, 1)
        return found

    def exactly(self, count):
        parts = [self.bytes[:count]]
        self.bytes = self.bytes[count:]
        missing = count - len(parts[0])
        while missing > 0:
            parts.append(self.socket.recv(min(missing, 1 << 20)))
            if not parts[-1]:
                raise Closed(b"".join(parts))
            missing -= len(parts[-1])
        return b"".join(parts)

    def rest(self):
        try:
            while True:
                self.fill()
        except Closed:
            found, self.bytes = self.bytes, b""
            return found

    def ended(self):
        return self.socket.recv(1) == b""

    def head(self):
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        fields = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in fields, f"repeated {name}"
            fields[name.lower()] = value
        version, status, reason = lines[0].split(" ", 2)
        assert version == "HTTP/1.1" and reason, lines[0]
        return int(status), fields

    def chunks(self):
        found = []
        while True:
            size = int(self.until(b"\r\n"), 16)
            chunk = self.exactly(size)
            assert self.exactly(2) == b"\r\n"
            if size == 0:
                return found
            found.append(chunk)

    def response(self, method="GET"):
        status, fields = self.head()
        if method == "HEAD" or status in (204, 304):
            return status, fields, b""
        if fields.get("transfer-encoding") == "chunked":
            return status, fields, b"".join(self.chunks())
        if "content-length" in fields:
            return status, fields, self.exactly(int(fields["content-length"]))
        return status, fields, self.rest()


class Origin:
    def __init__(self, binary, *arguments):
        self.unix = tempfile.mktemp(prefix="ringorigin-", suffix=".sock")
        command = [binary, "--listen", "127.0.0.1:0", "--listen", "unix:" + self.unix, "--name", "one", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.address = ("127.0.0.1", int(line.rsplit(":", 1)[1]))

    def client(self):
        return Client(self.address)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        try:
            _, errors = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert self.process.returncode == 0 and not errors, (self.process.returncode, errors)


def took(action):
    start = time.monotonic()
    result = action()
    return time.monotonic() - start, result
