#!/usr/bin/env python3
"""The package that tools/package built (out/package/ringway_*.deb) in a fresh Debian: installs, starts as its unit would start
it, keeps a changed configuration over an upgrade and a removal, and leaves nothing when it is purged. Needs root. The Debian
comes from debootstrap with what the package depends on, and is kept in out/package; each run works on an overlay over it, in
namespaces of its own that vanish with it."""

import hashlib
import http.client
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from booted import Booted, do_not_wait, speaks_to_systemd

TREE = Path(__file__).resolve().parent.parent.parent
OUT = TREE / "out/package"
INSIDE = "RINGWAY_PACKAGE_TEST_INSIDE"
CONFIG = "etc/ringway/ringway.toml"
UNIT_FOLDERS = ("usr/lib/systemd/system", "lib/systemd/system")
PROGRAMS = ("usr/bin/ringway", "usr/bin/ringload")
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
BOUND_SECONDS = 30
BIND = 1 << 10  # CAP_NET_BIND_SERVICE


class Wrong(Exception):
    """What a test found."""


def check(condition, what):
    if not condition:
        raise Wrong(what)


def run(*command, **options):
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env=QUIET, **options)


def done(*command, **options):
    """What it printed; a failure is the test's."""
    result = run(*command, **options)
    check(result.returncode == 0, f"{' '.join(map(str, command))}: exit status {result.returncode}\n{result.stdout[-2000:]}"
                                  f"{result.stderr[-2000:]}")
    return result.stdout


def field(package, name):
    return done("dpkg-deb", "-f", package, name).strip()


def codename():
    return re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.M)[1]


def make_base(package):
    """The folder of a Debian that has what the package depends on, but not the package."""
    wanted = field(package, "Depends")
    base = OUT / f"base-{hashlib.sha256((codename() + wanted).encode()).hexdigest()[:12]}"
    if base.exists():
        return base
    for old in OUT.glob("base-*"):
        shutil.rmtree(old)
    making = OUT / "base-making"
    print(f"debootstrap {codename()}, once", flush=True)
    done("debootstrap", "--variant=minbase", codename(), making)
    first = [re.sub(r"\s*\(.*?\)", "", choice.split("|")[0]).strip() for choice in wanted.split(",")]
    done("chroot", making, "apt-get", "update", "-q")
    done("chroot", making, "apt-get", "install", "-y", "-q", "--no-install-recommends", *first)
    done("chroot", making, "apt-get", "clean")
    making.rename(base)
    return base


class Fresh:
    """The Debian of this run."""

    def __init__(self, package):
        self.package = package
        self.space = OUT / "run"
        self.space.mkdir(exist_ok=True)
        done("mount", "-t", "tmpfs", "tmpfs", self.space)  # where overlays may have their upper folder
        for name in ("upper", "work", "root"):
            (self.space / name).mkdir()
        self.root = self.space / "root"
        layers = f"lowerdir={make_base(package)},upperdir={self.space}/upper,workdir={self.space}/work"
        done("mount", "-t", "overlay", "overlay", "-o", layers, self.root)
        done("mount", "-t", "proc", "proc", self.root / "proc")
        self.before = self.traces()

    def inside(self, *command):
        return done("chroot", self.root, *command)

    def give(self, package):
        shutil.copy(package, self.root / "given.deb")
        return "/given.deb"

    def traces(self):
        """Everything whose name tells of ringway."""
        found = done("find", self.root, "-xdev", "-iname", "*ringway*", "-printf", "%P\n")
        return set(found.splitlines())

    def path(self, name):
        return self.root / name

    def unit(self, name):
        found = [self.path(folder) / name for folder in UNIT_FOLDERS if self.path(folder).joinpath(name).exists()]
        check(found, f"the unit {name} is not installed")
        return found[0]

    def user(self):
        for line in self.path("etc/passwd").read_text().splitlines():
            name, _, uid, gid, _, home, shell = line.split(":")
            if name == "ringway":
                return pwd.struct_passwd((name, "", int(uid), int(gid), "", home, shell))
        raise Wrong("there is no user ringway")


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
        key = lambda name: re.search(rf"^{name}=(.*)$", text, re.M)[1]
        capability = "+" + key("AmbientCapabilities").removeprefix("CAP_").lower()
        as_unit = ["setpriv", f"--reuid={key('User')}", f"--regid={key('Group')}", "--init-groups", "--no-new-privs",
                   f"--inh-caps=-all,{capability}", f"--ambient-caps=-all,{capability}", f"--bounding-set=-all,{capability}"]
        fresh.inside(*as_unit, *key("ExecStartPre").split())
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


def answer_of(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_SECONDS)
    connection.request("GET", "/")
    return connection.getresponse().status


def systemd_runs_it_as_the_unit_says(fresh):
    config = fresh.path(CONFIG)
    before = config.read_text()
    low = free_port(range(512, 1024))
    config.write_text(re.sub(r'^address = ".*"$', f'address = "127.0.0.1:{low}"', before, flags=re.M))
    silent = None if speaks_to_systemd(fresh.path(PROGRAMS[0])) else do_not_wait(fresh.root)
    try:
        with Booted(fresh.root, fresh.space / "systemd") as booted:
            booted.wait(lambda: answers(low), "it answers on a port below 1024")
            of_process = booted.main_process()
            check(of_process["Uid"].split() == [str(fresh.user().pw_uid)] * 4, f"its user is {of_process['Uid']}")
            check(int(of_process["CapPrm"], 16) == BIND, f"its capabilities are {of_process['CapPrm']}")
            check(int(of_process["Seccomp_filters"]) >= 2, "systemd's filter and its own are not both there")
            main = booted.show("MainPID")
            booted.systemctl("reload", "ringway.service")
            check(answer_of(low) == 200 and booted.show("MainPID") == main, f"a reload ends it: {booted.why()}")
            booted.inside("kill", "-KILL", main)
            booted.wait(lambda: booted.is_active() and booted.show("MainPID") not in ("0", main), "it is started anew")
            booted.wait(lambda: answers(low), "it answers again")
            booted.systemctl("stop", "ringway.service")
            how = booted.show("Result"), booted.show("ExecMainStatus")
            check(how == ("success", "0"), f"it ended with {how}: {booted.why()}")
    except RuntimeError as what:
        raise Wrong(what) from None
    finally:
        config.write_text(before)
        if silent:
            shutil.rmtree(silent)


def answers(port):
    try:
        return answer_of(port) == 200
    except OSError:
        return False


def an_upgrade_keeps_the_changed_configuration(fresh):
    mine = fresh.path(CONFIG).read_text()
    fresh.inside("dpkg", "--force-confold", "-i", fresh.give(newer(fresh)))
    check(fresh.inside("dpkg-query", "-W", "-f=${Version}", "ringway").endswith("+newer"), "it is not the newer version")
    check(fresh.path(CONFIG).read_text() == mine, "the changed configuration was replaced")
    check(fresh.path(CONFIG + ".dpkg-dist").exists(), "the new example is not beside it")
    serves(fresh, int(re.search(r'^address = "127.0.0.1:(\d+)"', mine, re.M)[1]))


def newer(fresh):
    """The same package with a higher version and another example configuration."""
    folder = fresh.space / "newer"
    done("dpkg-deb", "-R", fresh.package, folder)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+newer", control.read_text(), flags=re.M))
    with (folder / CONFIG).open("a", encoding="utf-8") as example:
        example.write("# newer\n")
    done("dpkg-deb", "--root-owner-group", "-b", folder, fresh.space / "newer.deb")
    return fresh.space / "newer.deb"


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


def lintian_finds_no_error(fresh):
    said = run("lintian", "--allow-root", "--fail-on", "error", "--tag-display-limit", "0", fresh.package)
    check(said.returncode == 0, f"lintian: {said.stdout}{said.stderr}")


# In the order of a life: each goes on from where the one before it left the system.
TESTS = [
    lintian_finds_no_error,
    installs,
    enables_the_service_and_not_the_socket,
    starts_as_its_unit_would,
    systemd_runs_it_as_the_unit_says,
    an_upgrade_keeps_the_changed_configuration,
    a_removal_leaves_what_is_the_users,
    a_purge_leaves_nothing,
]


def main():
    packages = sorted(OUT.glob("ringway_*.deb"))
    if len(packages) != 1:
        sys.exit("tests/package: build the package first: tools/package")
    fresh = Fresh(packages[0])
    failed = 0
    for test in TESTS:
        try:
            test(fresh)
        except (Wrong, OSError) as what:
            failed += 1
            print(f"FAIL {test.__name__}: {what}")
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("tests/package: root is needed for a chroot")
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])
    sys.exit(main())
