"""Servers that tell what they saw: a scripted origin that notes when requests come, and nginx with its access log."""

import os
import shutil
import subprocess
import time

from harness.ground import TemporaryFolder, check, eventually
from harness.message import response
from harness.origin import Origin, free_port

QUICK = response(200, b"ok")


def answer_quickly(_):
    return QUICK


class Timed(Origin):
    """Notes when each request arrived: `arrivals`, of the monotonic clock, by the order of their answers."""

    def __init__(self, handler=answer_quickly, **more):
        self.arrivals = []
        self.inner = handler
        super().__init__(self.note, **more)

    def note(self, request):
        self.arrivals.append(time.monotonic())
        return self.inner(request)


class Nginx:
    """Debian's nginx with one worker, answering everything with 200; the access log has a line a request."""

    CONFIG = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    log_format seen '$connection $request_method $uri $status $http_x_tag';
    access_log {folder}/access.log seen;
    keepalive_requests {keepalive_requests};
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "nginx says hello\\n"; }} }}
}}
"""

    def __init__(self, keepalive_requests=1000000):
        self.folder = TemporaryFolder()
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        config = self.folder.file(
            "nginx.conf",
            self.CONFIG.format(folder=self.folder.path, port=self.port, keepalive_requests=keepalive_requests),
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen(
            [program, "-p", self.folder.path, "-c", config], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self.listens, "nginx listens")

    def listens(self):
        check(self.process.poll() is None, f"nginx ended by itself: {self.process.returncode}")
        return os.path.exists(self.folder.file("pid"))

    def lines(self):
        """Each request: (connection, method, path, status, X-Tag)."""
        with open(self.folder.file("access.log"), encoding="utf-8") as log:
            return [tuple(line.split()) for line in log]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.remove()


__all__ = ["Nginx", "Timed", "answer_quickly"]
