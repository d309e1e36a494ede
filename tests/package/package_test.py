#!/usr/bin/env python3
"""The package that tools/package built (out/package/ringway_*.deb) in a fresh Debian: installs, starts as its unit would start
it, keeps a changed configuration over an upgrade and a removal, and leaves nothing when it is purged; then all of it again under
a systemd that runs it (under_systemd.py). Needs root. Each run is in namespaces of its own that vanish with it."""

import ctypes
import http.client
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import under_systemd
from checks import QUIET, Wrong, check, done, run
from fresh import CONFIG, OUT, Fresh

INSIDE = "RINGWAY_PACKAGE_TEST_INSIDE"
PROGRAMS = ("usr/bin/ringway", "usr/bin/ringctl", "usr/bin/ringload")
BOUND_SECONDS = 30
CLONE_NEWNET = 0x40000000


def free_port(among=(0,)):
    for port in among:
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return trial.getsockname()[1]
    raise Wrong(f"no port is free among {among}")


class Service:
    """ringway as its unit starts it, as far as that goes without systemd: its program, user, capabilities, umask."""

    def __init__(self, fresh):
        self.fresh = fresh
        text = fresh.unit("ringway.service").read_text()
        keys = lambda name: re.findall(rf"^{name}=(.*)$", text, re.M)
        key = lambda name: keys(name)[0]
        capability = "+" + key("AmbientCapabilities").removeprefix("CAP_").lower()
        as_unit = ["setpriv", f"--reuid={key('User')}", f"--regid={key('Group')}", "--init-groups", "--no-new-privs",
                   f"--inh-caps=-all,{capability}", f"--ambient-caps=-all,{capability}", f"--bounding-set=-all,{capability}"]
        for command in keys("ExecStartPre"):
            fresh.inside(*as_unit, *shlex.split(command))
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["chroot", str(fresh.root), *as_unit, *key("ExecStart").split()],
            stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said, umask=int(key("UMask"), 8), env=QUIET,
        )

    def words(self):
        self.said.seek(0)
        return self.said.read().decode()

    def get(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_SECONDS)
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def wait_answer(self, port):
        end = time.monotonic() + BOUND_SECONDS
        while True:
            check(self.process.poll() is None, f"ringway ended at start: {self.words()}")
            try:
                return self.get(port)
            except OSError:
                check(time.monotonic() < end, f"ringway does not listen: {self.words()}")
                time.sleep(0.05)

    def ask_admin(self, target):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(BOUND_SECONDS)
            connection.connect(str(self.fresh.path("run/ringway/admin.sock")))
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return int(answer.split()[1])

    def status(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(BOUND_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        check(kind is not None or status == 0, f"ringway ended with {status}: {self.words()}")


def serves(fresh, port):
    with Service(fresh) as service:
        status, text = service.wait_answer(port)
        check((status, "ringway works" in text) == (200, True), f"it answers {status} {text}")
        check(service.ask_admin("/readyz") == 200, "the admin socket does not say ready")
        of_process = service.status()
        user = fresh.user()
        check(of_process["Uid"].split() == [str(user.pw_uid)] * 4, f"its user is {of_process['Uid']}")
        check(int(of_process["CapPrm"], 16) == 0, f"its capabilities are {of_process['CapPrm']}")
        check(of_process["Seccomp"] == "2", "it is under no filter")
    log = fresh.path("var/log/ringway/access.log")
    check(log.stat().st_uid == user.pw_uid and log.read_text().count("\n") >= 1, "the access log has no line")


def installs(fresh):
    fresh.inside("dpkg", "-i", fresh.give(fresh.package))
    for name in (*PROGRAMS, CONFIG):
        check(fresh.path(name).exists(), f"{name} is missing")
    user = fresh.user()
    for name in ("var/lib/ringway", "var/log/ringway", "run/ringway"):
        made = fresh.path(name).stat()
        check((made.st_uid, made.st_gid, made.st_mode & 0o777) == (user.pw_uid, user.pw_gid, 0o750), f"/{name} is not ringway's")
    conffiles = fresh.inside("dpkg-query", "-W", "-f=${Conffiles}", "ringway").split()
    check(f"/{CONFIG}" in conffiles, f"the configuration is no conffile: {conffiles}")


def enables_the_service_and_not_the_socket(fresh):
    wants = {path.name for path in fresh.path("etc/systemd/system").glob("*.wants/*")}
    check("ringway.service" in wants and "ringway.socket" not in wants, f"enabled is {wants}")
    said = fresh.inside("systemd-analyze", "verify", "--man=no", "ringway.service", "ringway.socket")
    check(not said.strip(), f"systemd-analyze verify: {said}")


def starts_as_its_unit_would(fresh):
    port = free_port()
    config = fresh.path(CONFIG)
    config.write_text(config.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
    serves(fresh, port)


def an_upgrade_keeps_the_changed_configuration(fresh):
    mine = fresh.path(CONFIG).read_text()
    fresh.inside("dpkg", "--force-confold", "-i", fresh.give(fresh.newer("newer")))
    check(fresh.inside("dpkg-query", "-W", "-f=${Version}", "ringway").endswith("+newer"), "it is not the newer version")
    check(fresh.path(CONFIG).read_text() == mine, "the changed configuration was replaced")
    check(fresh.path(CONFIG + ".dpkg-dist").exists(), "the new example is not beside it")
    serves(fresh, int(re.search(r'^address = "127.0.0.1:(\d+)"', mine, re.M)[1]))


def a_removal_leaves_what_is_the_users(fresh):
    mine = fresh.path(CONFIG).read_text()
    fresh.inside("dpkg", "-r", "ringway")
    for name in PROGRAMS:
        check(not fresh.path(name).exists(), f"{name} is still there")
    check(fresh.path(CONFIG).read_text() == mine, "the configuration is gone")
    check(fresh.path("var/log/ringway/access.log").exists(), "the access log is gone")


def a_purge_leaves_nothing(fresh):
    fresh.inside("dpkg", "-P", "ringway")
    left = fresh.traces() - fresh.before
    check(not left, f"left: {sorted(left)}")


def lintian_finds_nothing(fresh):
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", fresh.package)
    check(said.returncode == 0, f"lintian: {said.stdout}{said.stderr}")


# In the order of a life: each goes on from where the one before it left the system.
TESTS = [
    lintian_finds_nothing,
    installs,
    enables_the_service_and_not_the_socket,
    starts_as_its_unit_would,
    an_upgrade_keeps_the_changed_configuration,
    a_removal_leaves_what_is_the_users,
    a_purge_leaves_nothing,
]


def try_all(tests, subject):
    """How many were found wrong. What comes behind one that failed would only say so once more, and counts with it."""
    for place, test in enumerate(tests):
        began = time.monotonic()
        try:
            test(subject)
        except (Wrong, OSError) as what:
            print(f"FAIL {test.__name__}: {what}")
            return len(tests) - place
        print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    return 0


def main():
    packages = sorted(OUT.glob("ringway_*.deb"))
    if len(packages) != 1:
        sys.exit("tests/package: build the package first: tools/package")
    fresh = Fresh(packages[0])
    leave_the_network()
    failed = try_all(TESTS, fresh)
    with under_systemd.Case(fresh) as case:
        failed += try_all(under_systemd.TESTS, case)
    print(f"{len(TESTS) + len(under_systemd.TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


def leave_the_network():
    """For one that has nothing but this run's ports."""
    check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0, "a network of its own cannot be had")
    done("ip", "link", "set", "lo", "up")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("tests/package: root is needed for a chroot")
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])
    sys.exit(main())
