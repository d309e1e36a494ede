"""The scenarios of tools/ringload/examples, on ports that are free."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness import SLOW, check, free_port
from harness.ground import RINGLOAD, RINGORIGIN, RINGWAY

EXAMPLES = Path(__file__).resolve().parent.parent.parent.parent / "tools/ringload/examples"
PORTS = ["8088", "9911", "9111", "9112", "9113"]  # of the examples: proxy, admin, origins

# Laid over kill.toml: 200 requests a second, one origin is killed for a second.
SHORT = """
load.warm_up = "300ms"
load.duration = "5s"
load.rate = 200
[[fault]]
origin = "b"
kind = "kill"
at = "1500ms"
until = "2500ms"
"""


class Scenarios:
    """A folder with the examples. Its ports are those of the examples by name."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="ringload-scenario-"))
        self.ports = dict(zip(PORTS, (str(free_port()) for _ in PORTS)))
        for example in EXAMPLES.glob("*.toml"):
            text = example.read_text()
            for old, new in self.ports.items():
                text = text.replace(f":{old}", f":@{new}")
            (self.path / example.name).write_text(text.replace(":@", ":"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def write(self, name, text):
        (self.path / name).write_text(text)

    def start(self, *arguments):
        programs = [f"programs.{name} = '{binary}'" for name, binary in (("ringway", RINGWAY), ("ringorigin", RINGORIGIN))]
        command = [RINGLOAD, "scenario", *arguments]
        for setting in programs:
            command += ["--set", setting]
        # killed in the worst case by the caller, it takes everything along that it started
        return subprocess.Popen(command, cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments):
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=60 * SLOW)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, out, err

    def json(self, name):
        return json.loads((self.path / name).read_text())

    def is_up(self, port):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", int(self.ports[port]))) == 0

    def check_nothing_left(self, when):
        deadline = time.monotonic() + 5 * SLOW
        while any(self.is_up(port) for port in PORTS):
            check(time.monotonic() < deadline, f"{when}: {[port for port in PORTS if self.is_up(port)]} still answer")
            time.sleep(0.02)

    def wait_up(self, port):
        deadline = time.monotonic() + 10 * SLOW
        while not self.is_up(port):
            check(time.monotonic() < deadline, f"nothing listens where the examples have {port}")
            time.sleep(0.02)
