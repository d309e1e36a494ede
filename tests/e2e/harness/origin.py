"""Scripted origins: one thread a connection, on raw sockets, answering exactly what a test says."""

import fcntl
import json
import os
import random
import socket
import struct
import tempfile
import threading
import zlib

from harness.message import Ended, Message, Reader, response

LOCKS = []  # held until the process ends


def free_port():
    """A port of the loopback where nobody listens and which no other running test uses: SO_REUSEPORT would share it in
    silence. Outside of the ephemeral range, so that no outgoing connection takes it."""
    folder = os.path.join(tempfile.gettempdir(), "ringway-e2e-ports")
    os.makedirs(folder, mode=0o777, exist_ok=True)
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        lock = open(os.path.join(folder, str(port)), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        LOCKS.append(lock)
        return port


class Hangup(Exception):
    """Raised by a handler: close the connection now."""


class Request(Message):
    def __init__(self, raw, start, fields):
        super().__init__(raw, fields)
        self.method, self.target, self.version = start.split(" ")
        self.connection = None
        self.number = 0  # of the request on its connection, from 0
        self.whole = False  # its body was read to the end

    def summary(self):
        """What arrived, for tests that compare."""
        return {
            "method": self.method,
            "target": self.target,
            "version": self.version,
            "fields": self.fields,
            "body_bytes": len(self.body),
            "body_crc": zlib.crc32(self.body),
            "trailers": self.trailers,
        }


class Connection:
    """The origin's side of one connection."""

    def __init__(self, origin, sock):
        self.origin = origin
        self.sock = sock
        self.reader = Reader(sock)
        self.ended = threading.Event()  # set when the handler thread is done with it
        self.peer_left = threading.Event()

    def send(self, *parts):
        self.sock.sendall(b"".join(parts))

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        raise Hangup

    def wait_peer_left(self, seconds):
        """True when the peer's FIN or RST arrives within the time; bytes before it are dropped."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def echo(request):
    """The default answer: what was received, as JSON."""
    return response(
        200,
        json.dumps({**request.summary(), "origin": request.connection.origin.name}),
        [("Content-Type", "application/json"), ("X-Origin", request.connection.origin.name)],
    )


class Origin:
    """Listens at once; `handler(request)` returns the bytes of the answer, or None when it sent them itself through
    request.connection. With read_body=False the handler reads the body, too."""

    def __init__(self, handler=echo, name="origin", family="ipv4", read_body=True, port=0, backlog=256):
        self.handler = handler
        self.name = name
        self.read_body = read_body
        self.requests = []
        self.connections = []
        self.errors = []
        self.lock = threading.Lock()
        self.folder = None
        if family == "unix":
            self.folder = tempfile.mkdtemp(prefix="ringway-e2e-")
            self.address = "unix:" + os.path.join(self.folder, "origin.sock")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.address[5:])
        else:
            host = "::1" if family == "ipv6" else "127.0.0.1"
            self.listener = socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host, port))
            self.port = self.listener.getsockname()[1]
            self.address = f"[::1]:{self.port}" if family == "ipv6" else f"127.0.0.1:{self.port}"
        self.listener.listen(backlog)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        number = 0
        try:
            while self.serve_one(connection, number):
                number += 1
        except (Ended, Hangup, ConnectionError):
            pass
        except Exception as error:  # a fault of the script: the test must fail
            self.errors.append(error)
        finally:
            connection.sock.close()
            connection.ended.set()

    def serve_one(self, connection, number):
        try:
            request = Request(*connection.reader.head())
        except Ended:
            return False
        request.connection = connection
        request.number = number
        with self.lock:
            self.requests.append(request)
        if self.read_body:
            request.read_body(connection.reader)
            request.whole = True
        answer = self.handler(request)
        if answer:
            connection.send(answer)
        return request.get("Connection", "").lower() != "close"

    def count(self):
        with self.lock:
            return len(self.requests)

    def last(self):
        with self.lock:
            return self.requests[-1]

    def used_connections(self):
        """Those that carried a request. On a busy machine a request may be overdue, and then a probe only connects."""
        with self.lock:
            return len({request.connection for request in self.requests})

    def open_connections(self):
        with self.lock:
            return sum(not connection.ended.is_set() for connection in self.connections)

    def stop_listening(self):
        """New connections are refused from now on; those that are open stay."""
        # close() alone leaves the socket listening while accept() waits on it
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def close_connections(self):
        with self.lock:
            for connection in self.connections:
                try:
                    connection.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.stop_listening()
        self.close_connections()
        if self.folder:
            os.remove(self.address[5:])
            os.rmdir(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if self.errors:
            if kind is None:
                raise self.errors[0]
            print(f"--- faults of the origin {self.name}: {self.errors}")
