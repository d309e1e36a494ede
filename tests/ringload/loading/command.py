"""ringload as a process: its exit status, its words, its JSON and its records."""

import csv
import json
import os
import subprocess
import time

from harness.balancer import FAULTS
from harness.ground import RINGLOAD as BINARY
from harness.ground import TemporaryFolder, check, equal
from harness.tool import Tool


def transport_failures(result):
    """Failures of requests that got no whole answer."""
    kinds = ("refused", "connect_timed_out", "reset", "cut", "timed_out", "malformed")
    return sum(result["failures"][kind] for kind in kinds)


def balance(result):
    """Every request that was due ended in exactly one way."""
    requests = result["requests"]
    ends = requests["answered"] + transport_failures(result) + requests["aborted"] + requests["unfinished"]
    equal(ends, requests["due"], f"ends of the requests that were due: {requests} {result['failures']}")
    equal(sum(result["failures"].values()), requests["errors"], "failures by name against errors")


def url_of(target, path="/"):
    """The URL of an Origin, a Program, a port, or what is one already."""
    if isinstance(target, str):
        return target
    if isinstance(target, int):
        return f"http://127.0.0.1:{target}{path}"
    return f"http://{target.address}{path}"


class Running(Tool):
    """ringload at work, with --json and, when asked for, --records; the block must wait for its end by finish()."""

    def __init__(self, target, *flags, path="/", records=False, quiet=True, stderr=subprocess.PIPE):
        self.folder = TemporaryFolder()
        self.json_path = self.folder.file("result.json")
        self.records_path = self.folder.file("records.csv") if records else None
        command = [BINARY, *map(str, flags), "--json", self.json_path]
        if records:
            command += ["--records", self.records_path]
        if quiet:
            command.append("--quiet")
        self.begin = time.monotonic()
        super().__init__([*command, url_of(target, path)], stderr=stderr)

    def finish(self, seconds=40.0):
        """Waits for the end; returns self with status, out, err, seconds, json and records."""
        done = self.end(seconds)
        self.seconds = time.monotonic() - self.begin
        self.status, self.out, self.err = done.status, done.out, done.err
        # an --assert that does not hold begins its line; one of the program has its place before it
        words = "".join(line for line in self.err.splitlines(True) if not line.startswith("assertion failed: "))
        check(not FAULTS.search(words), f"ringload reported a fault:\n{self.err}")
        self.json, self.records = None, None
        if os.path.exists(self.json_path):
            with open(self.json_path, encoding="utf-8") as text:
                self.json = json.load(text)
            balance(self.json)
        if self.records_path and os.path.exists(self.records_path):
            with open(self.records_path, encoding="utf-8", newline="") as text:
                self.records = list(csv.DictReader(text))
        self.folder.remove()
        return self

    def __getitem__(self, member):
        """A member of the JSON."""
        return self.json[member]


def ringload(target, *flags, status=0, seconds=40.0, **more):
    """One run to its end, which must be with this exit status."""
    done = Running(target, *flags, **more).finish(seconds)
    equal(done.status, status, f"exit status; it said:\n{done.out[-1500:]}\n{done.err}")
    return done
