"""A receiver of webhooks: Python's own HTTP server, whose answers are scripted."""

import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time

from harness.ground import check, eventually
from harness.origin import free_port


class Posted:
    """One request as it came."""

    def __init__(self, path, fields, body):
        self.at = time.monotonic()
        self.path = path
        self.fields = fields
        self.body = json.loads(body)

    def __getitem__(self, name):
        return self.body[name]


class Receiver:
    """Listens when constructed. `answer(n)` is the status of request number n, from 0, or a pair of a status and fields;
    `certificate` is a pair of paths, as own_certificate() makes them: then it speaks https."""

    def __init__(self, answer=lambda n: 200, certificate=None):
        self.posts = []
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    number = len(receiver.posts)
                    receiver.posts.append(Posted(self.path, dict(self.headers), body))
                said = answer(number)
                status, fields = said if isinstance(said, tuple) else (said, {})
                self.send_response(status)
                for name, value in {"Content-Length": "2", **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.port = free_port()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/hook"):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def got(self, **members):
        """The posts whose bodies have these members."""
        with self.lock:
            return [post for post in self.posts if all(post.body.get(name) == value for name, value in members.items())]

    def wait(self, count=1, seconds=5.0, **members):
        """The posts with these members, once there are so many."""
        return eventually(
            lambda: self.got(**members) if len(self.got(**members)) >= count else None,
            f"{count} posts with {members}, of {[post.body for post in self.posts]}",
            seconds,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class BlackHole:
    """Takes connections and whatever is sent on them, and never says a word."""

    def __init__(self):
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.connections = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def own_certificate(folder):
    """Paths of a certificate for 127.0.0.1 that signs itself, and of its key."""
    paths = os.path.join(folder.path, "cert.pem"), os.path.join(folder.path, "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    done = subprocess.run([*command, "-out", paths[0], "-keyout", paths[1]], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"openssl: {done.stderr}")
    return paths


def webhook(name, url, extra=""):
    """A [[alerts.webhook]] whose pauses suit a test."""
    return f'[[alerts.webhook]]\nname = "{name}"\nurl = "{url}"\nbackoff_min = "20ms"\nbackoff_max = "200ms"\n{extra}\n'
