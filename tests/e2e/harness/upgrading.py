"""Load of every kind on a ringway while it is upgraded again and again; what its clients noticed."""

import json
import signal
import subprocess
import threading
import time

from harness.balancer import pool
from harness.ground import RINGLOAD, SLOW, check, eventually
from harness.message import Ended, header
from harness.origin import Hangup, Origin
from harness.program import Load, Program
from harness.succession import Dynasty
from harness.tool import Killed

SHOWN_STREAM_SECONDS = 0.05  # between two events of a stream


def echo_upgraded(request):
    """An origin of a WebSocket as far as a proxy can tell: 101, then every byte back."""
    connection = request.connection
    connection.send(header(101, {"Upgrade": "websocket", "Connection": "Upgrade"}))
    while piece := connection.sock.recv(65536):
        connection.send(piece)
    raise Hangup


class RateLoad(Killed):
    """A ringload in an open loop, until it is told to end."""

    def __init__(self, port, rate, *flags):
        self.command = [RINGLOAD, "-q", "-R", str(rate), "-d", "1h", "--warm-up", "0s", "--json", "-", *flags]
        self.command.append(f"http://127.0.0.1:{port}/")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def result(self):
        """What it came to; ends it."""
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=30 * SLOW)
        return json.loads(output)


class Stream:
    """A long answer or a tunnel, on a thread of its own, that goes on until it is told to end."""

    def __init__(self, ringway):
        self.client = ringway.client(seconds=30)
        self.ending = threading.Event()
        self.units = 0  # events or messages so far
        self.fault = None
        self.thread = threading.Thread(target=self.guard, daemon=True)
        self.thread.start()

    def guard(self):
        try:
            self.converse()
        except (Ended, OSError, AssertionError) as fault:
            self.fault = f"{type(self).__name__} after {self.units}: {fault!r}"

    def end(self):
        self.ending.set()
        self.thread.join(30 * SLOW)
        self.client.close()
        check(not self.thread.is_alive(), "a stream ends when it is told to")


class Events(Stream):
    """Server-sent events of ringorigin, each in a chunk: none may be missing."""

    def converse(self):
        self.client.ask("GET", "/sse?events=100000&interval=50ms")
        reply = self.client.reply_head()
        check(reply.status == 200, f"status {reply.status}")
        while not self.ending.is_set():
            size = int(self.client.reader.until(b"\r\n"), 16)
            check(size > 0, "the stream goes on")
            self.client.reader.exactly(size + 2)
            self.units += 1


class Tunnel(Stream):
    """Messages through an upgraded connection, each answered."""

    def converse(self):
        self.client.send("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        reply = self.client.reply_head()
        check(reply.status == 101, f"status {reply.status}")
        while not self.ending.is_set():
            message = b"message %d" % self.units
            self.client.send(message)
            check(self.client.reader.exactly(len(message)) == message, "the echo")
            self.units += 1
            time.sleep(SHOWN_STREAM_SECONDS)


class Figures:
    """Of one run: requests by kind of load, failures, how long an upgrade took."""

    def __init__(self):
        self.requests = {}
        self.failures = []
        self.seconds = []
        self.streams = 0
        self.worst_ms = {}
        self.log = ""  # of all processes

    def add_load(self, name, result):
        counts = result["requests"]
        self.requests[name] = counts["answered"]
        self.worst_ms[name] = result["latency"]["max_ms"]
        if counts["errors"]:
            self.failures.append(f"{name}: {counts['errors']} of {counts['due']}: {result['failures']}")


def settings(fast, sockets):
    routes = '[[route]]\npath_prefix = "/ws"\npool = "tunnels"\n[[route]]\npool = "main"\n'
    return routes + pool("main", fast.address) + pool("tunnels", sockets)


def reload(ringway, number):
    """SIGHUP for a file with other balancing, and in turn with a pool, a route and an upstream more; once it is in force."""
    more = '[[pool]]\nname = "more"\n[[pool.upstream]]\nname = "m"\naddress = "127.0.0.1:9"\n' if number % 2 else ""
    more += f'[[route]]\npath = "/more{number}"\npool = "more"\n' if number % 2 else ""
    policy = ["p2c", "least_request", "peak_ewma"][number % 3]
    text = ringway.text.replace('[[pool]]\nname = "main"\n', f'[[pool]]\nname = "main"\nbalance = "{policy}"\n')
    ringway.folder.file("ringway.toml", text + more)
    ringway.reload()


def run(count, rate=400, pause=1.0, shards=(2,), keys="", reloads=0, note=lambda text: None):
    """`count` upgrades, `pause` seconds apart, under load, to so many shards in turn, with `reloads` before each; Figures.

    `keys`: further lines of [shards]."""
    figures = Figures()
    streams = []
    with Program("fast") as fast, Origin(echo_upgraded, name="sockets") as sockets:
        with Dynasty(settings(fast, sockets), shards=f"count = {shards[0]}\n{keys}", graceful_timeout="600s") as ringway:
            port = ringway.port
            with (
                RateLoad(port, rate, "-c", "16") as kept,
                RateLoad(port, rate, "-c", "8", "--no-keepalive") as fresh,
                RateLoad(port, rate // 4, "-c", "8", "--requests-per-connection", "7") as mixed,
                Load(ringway, clients=4, pause=0.7) as seldom,
            ):
                for number in range(count):
                    streams += [Events(ringway), Tunnel(ringway)]
                    for reloaded in range(reloads):
                        time.sleep(pause / (reloads + 1))
                        reload(ringway, number * reloads + reloaded)
                    time.sleep(pause / (reloads + 1))
                    more = shards[(number + 1) % len(shards)]
                    ringway.folder.file(
                        "ringway.toml", ringway.text.replace(f"count = {shards[0]}", f"count = {more}")
                    )
                    start = time.monotonic()
                    ringway.upgrade()
                    figures.seconds.append(time.monotonic() - start)
                    note(f"upgrade {number + 1}: process {ringway.pid}, {more} shards, {figures.seconds[-1] * 1000:.0f} ms")
                time.sleep(pause)
                loads = {"kept": kept, "new": fresh, "7 a connection": mixed}
                for name, load in loads.items():
                    figures.add_load(name, load.result())
                figures.failures += [f"seldom: {answer}" for answer in seldom.failed()]
                figures.requests["seldom"] = len(seldom.answers)
            before = {stream: stream.units for stream in streams}
            eventually(lambda: all(stream.units > before[stream] or stream.fault for stream in streams), "all go on")
            for stream in streams:
                stream.end()
            figures.failures += [stream.fault for stream in streams if stream.fault]
            figures.streams = len(streams)
            figures.log = ringway.stderr()
            ringway.wait_past(30)
    return figures


__all__ = ["Figures", "run"]
