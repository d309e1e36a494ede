"""A scenario starts origins and ringway, makes origins fail and come back, shows what clients noticed, with health and without it,
and leaves no process behind, however it ends. Needs RINGWAY_BIN, RINGORIGIN_BIN and RINGLOAD_BIN."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "tools/ringload/examples"
PORTS = ["8088", "9911", "9111", "9112", "9113"]  # of the examples: proxy, admin, origins
SLOW = float(os.environ.get("RINGWAY_SLOW", "1"))


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(found, wanted, what):
    check(found == wanted, f"{what}: {found!r}, not {wanted!r}")


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Folder:
    """The examples on ports that are free, with shorter times."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="ringload-scenario-"))
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
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
        programs = [f"programs.{name} = '{os.environ[variable]}'" for name, variable in
                    (("ringway", "RINGWAY_BIN"), ("ringorigin", "RINGORIGIN_BIN"))]
        command = [os.environ["RINGLOAD_BIN"], "scenario", *arguments]
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


SHORT = """
load.warm_up = "300ms"
load.duration = "4s"
load.rate = 200
[[fault]]
origin = "b"
kind = "kill"
at = "1500ms"
until = "2500ms"
"""


def with_health_and_without():
    with Folder() as folder:
        folder.write("short.toml", SHORT)
        status, out, err = folder.run("kill.toml", "with_and_without_health.toml", "short.toml", "--json", "out.json",
                                      "--records", "out.csv")
        equal(status, 0, f"exit status; it said {err}")
        on, off = folder.json("out.with.json"), folder.json("out.without.json")
        for found in (on, off):
            equal(len(found["faults"]), 1, "faults")
            equal([mark["text"] for mark in found["marks"]], ["b kill", "b back"], "marks")
            fault = found["faults"][0]
            check(1.5 <= fault["at_s"] < 1.5 + 0.2 * SLOW, f"it came at {fault['at_s']} s")
            check(2.5 <= fault["until_s"] < 2.5 + 0.2 * SLOW, f"it went at {fault['until_s']} s")
            check(150 < fault["requests"] < 250 * SLOW, f"{fault['requests']} requests met it, of 200 a second")
            equal(fault["errors_before"], 0, "errors before")
        on, off = on["faults"][0], off["faults"][0]
        equal((on["errors"], on["errors_on_return"]), (0, 0), "errors with health")
        check(on["told_ms"] is not None and on["told_ms"] < 500 * SLOW, f"ringway told of it after {on['told_ms']} ms")
        check(on["taken_back_ms"] is not None, "taken back")
        check(on["overdue_ms"] >= 50, f"overdue {on['overdue_ms']} ms")
        check(off["errors"] > 25, f"{off['errors']} errors without health")
        check(off["error_kinds"] and set(off["error_kinds"]) <= {"502", "503"}, f"{off['error_kinds']}")
        check(off["recovered_ms"] > 500, f"recovered after {off['recovered_ms']} ms without health")
        check("kill b: errors" in out and "with" in out and "without" in out, f"the comparison:\n{out}")
        lines = (folder.path / "out.with.csv").read_text().splitlines()
        check({line.rsplit(",", 1)[1] for line in lines[1:]} >= {"a", "b", "c"}, "records name who answered")
        folder.check_nothing_left("afterwards")


def several_faults_one_after_another():
    faults = [("b", "status", 0.4, ""), ("c", "stop", 1.0, ""), ("a", "slow", 1.6, 'delay = "30ms"'), ("b", "429", 2.2, ""),
              ("c", "reset", 2.8, ""), ("a", "stall", 3.4, "")]
    text = 'load.warm_up = "300ms"\nload.rate = 200\nload.duration = "4200ms"\n'
    for origin, kind, at, more in faults:
        text += f'[[fault]]\norigin = "{origin}"\nkind = "{kind}"\nat = "{at * 1000:.0f}ms"\nuntil = "{at * 1000 + 300:.0f}ms"\n{more}\n'
    with Folder() as folder:
        folder.write("faults.toml", text)
        status, out, err = folder.run("kill.toml", "faults.toml", "--json", "out.json")
        equal(status, 0, f"exit status; it said {err}")
        found = folder.json("out.json")["faults"]
        equal([(fault["origin"], fault["kind"]) for fault in found], [(fault[0], fault[1]) for fault in faults], "faults")
        for fault in found:
            check(fault["requests"] > 30, f"{fault['kind']}: {fault['requests']} requests")
        for fault in found[:4]:
            equal(fault["errors"], 0, f"errors of {fault['kind']}: {fault['error_kinds']}")
        check(found[1]["worst_added_ms"] > 20, f"stopped: {found[1]['worst_added_ms']} ms added")
        check(20 < found[2]["worst_added_ms"] < 200 * SLOW, f"slow: {found[2]['worst_added_ms']} ms added")
        folder.check_nothing_left("afterwards")


def what_does_not_come_up_is_shown():
    with Folder() as folder:
        folder.write("bad.toml", "[nonsense]\n")
        status, out, err = folder.run("kill.toml", "--set", "proxy.config = 'bad.toml'")
        equal(status, 1, "exit status")
        check("the proxy did not come up" in err and "bad.toml" in err and "nonsense" in err, f"it said {err}")
        folder.check_nothing_left("a proxy that does not come up")
        with socket.create_server(("127.0.0.1", int(folder.ports["9112"]))) as taken:
            status, out, err = folder.run("kill.toml")
            equal(status, 1, "exit status")
            check("origin b did not come up" in err and folder.ports["9112"] in err, f"it said {err}")
            taken.close()
        folder.check_nothing_left("an origin that does not come up")


def files_with_errors_start_nothing():
    with Folder() as folder:
        folder.write("bad.toml", "[load]\nrte = 1\n[[fault]]\norigin = 'd'\nkind = 'kill'\nat = '1s'\n")
        status, out, err = folder.run("kill.toml", "bad.toml")
        equal(status, 1, "exit status")
        equal(err, "bad.toml:2:1: unknown key `rte`, did you mean `rate`?\n"
                   "bad.toml:4:10: `origin`: no [[origin]] is named \"d\"\n", "what it said")


def however_it_ends_nothing_is_left():
    for number, wanted in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with Folder() as folder:
            process = folder.start("kill.toml", "-q", "--json", "out.json")
            folder.wait_up("8088")
            time.sleep(2.5)
            process.send_signal(number)
            _, err = process.communicate(timeout=20 * SLOW)
            equal(process.returncode, wanted, f"exit status after {number.name}; it said {err}")
            folder.check_nothing_left(number.name)
            if number != signal.SIGKILL:
                equal(folder.json("out.json")["interrupted"], True, "interrupted")


def assertions_decide_the_exit_status():
    with Folder() as folder:
        folder.write("short.toml", SHORT)
        status, _, err = folder.run("kill.toml", "short.toml", "--set", "proxy.config = 'ringway_without_health.toml'", "-q",
                                    "--assert", "errors=0", "--assert", "rate>10")
        equal(status, 2, "exit status")
        check("assertion failed: errors=0" in err and "rate" not in err, f"it said {err}")


TESTS = [with_health_and_without, several_faults_one_after_another, what_does_not_come_up_is_shown, files_with_errors_start_nothing,
         however_it_ends_nothing_is_left, assertions_decide_the_exit_status]


def main():
    failed = 0
    for test in TESTS:
        try:
            test()
        except Exception as error:  # every failure is reported, whatever it is
            print(f"FAIL {test.__name__}: {type(error).__name__}: {error}", flush=True)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
