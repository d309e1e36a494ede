"""ringorigin as a process of its own, which can be killed, stopped and started again, and steady load on ringway."""

import os
import signal
import socket
import subprocess
import threading
import time

from harness.client import Client
from harness.ground import RINGORIGIN, SLOW, check, eventually
from harness.message import Ended
from harness.origin import free_port
from harness.tool import Killed


class Program(Killed):
    """A ringorigin, listening when constructed. Each answer names it in X-Origin."""

    def __init__(self, name, *options, host="127.0.0.1", within=()):
        self.name = name
        self.host = host
        self.port = free_port()
        self.address = f"{host}:{self.port}"
        self.command = [*within, RINGORIGIN, "--listen", self.address, "--name", name, *options]
        self.process = None
        self.within = within
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self.listens, f"{self.name} listens")

    def listens(self):
        check(self.process.poll() is None, f"{self.name} ended by itself: {self.process.returncode}")
        try:
            socket.create_connection((self.host, self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        """Stopped by the kernel: accepts connections, says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def control(self, query):
        """Changes its answers, as /_control of ringorigin does."""
        with Client((self.host, self.port)) as client:
            status = client.request("POST", f"/_control?{query}", body=b"").status
        check(status == 200, f"/_control?{query} answered {status}")


class Answer:
    """What became of one request of a load."""

    def __init__(self, at, seconds, status, origin, error):
        self.at = at
        self.seconds = seconds
        self.status = status
        self.origin = origin
        self.error = error

    def __repr__(self):
        what = self.error or self.status
        return f"<{what} of {self.origin} at {self.at:.3f} after {1000 * self.seconds:.1f} ms>"


class Load:
    """Clients that ask again and again, one request at a time each, `pause` seconds apart; within a block.

    A client whose connection ends opens a new one; a request that met the end is an error."""

    def __init__(self, ringway, clients=8, pause=0.002, target="/", method="GET", fields=(), body=None):
        self.ringway = ringway
        self.pause = pause
        self.ask = {"method": method, "target": target, "fields": fields, "body": body}
        self.answers = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def run(self):
        client = None
        while not self.ending.is_set():
            start = time.monotonic()
            status, origin, error = 0, None, None
            try:
                client = client or Client(self.ringway.port)
                reply = client.request(**self.ask)
                status, origin = reply.status, reply.get("X-Origin")
                if reply.get("Connection", "") == "close":
                    client.close()
                    client = None
            except (Ended, OSError) as fault:
                error = repr(fault)
                client = None
            self.answers.append(Answer(start, time.monotonic() - start, status, origin, error))
            time.sleep(self.pause)

    def failed(self):
        return [answer for answer in list(self.answers) if answer.error or answer.status != 200]

    def since(self, moment):
        """The answers to requests that began at that time or later."""
        return [answer for answer in list(self.answers) if answer.at >= moment]

    def more(self, count, seconds=5.0):
        """Waits for so many further answers; returns those since the call."""
        start = time.monotonic()
        eventually(lambda: len(self.since(start)) >= count, f"{count} more answers", seconds)
        return self.since(start)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(10 * SLOW)


__all__ = ["Answer", "Load", "Program"]
