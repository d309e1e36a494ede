"""Where a run lives: a network of its own for proxy and client, and one for the origins, with a wire of known delay between
them or, without a wire, the same one. A network has no name and ends with its processes, so none can be left behind."""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x41
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """Something that this machine does not have; the text says what."""


def own_network():
    """Moves this process to a network of its own with lo up; raises Missing where that is not allowed."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) != 0:
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            raise Missing("a network namespace needs root or unprivileged user namespaces")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


def raise_limit():
    """Of open files, as far as allowed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Program:
    """A process that ends with this one, whatever ends this one: it gets SIGTERM then. It is ended by its own pid."""

    def __init__(self, name, command, realtime=False):
        self.name = name
        self.log = tempfile.TemporaryFile()

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if realtime:
                with contextlib.suppress(PermissionError):  # then it takes its turn like all others
                    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))

        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            start_new_session=True, preexec_fn=prepare)  # of its own session: Ctrl-C is for the driver only

    def wait_ready(self, seconds=5):
        """For its line on stdout."""
        deadline = time.monotonic() + seconds
        os.set_blocking(self.process.stdout.fileno(), False)
        while not self.process.stdout.read():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not come up: {self.told()}")
            time.sleep(0.001)

    def told(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace").strip()

    def stop(self, seconds=5):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Network:
    """The addresses of a run, and its wire. Leaving it ends the wire."""

    def __init__(self, build, delay_ms, own):
        # Health checks have a port of their own, so that they are not taken for requests.
        self.origin_port, self.check_port, self.proxy_port, self.admin_port = (
            (9000, 9100, 8080, 8081) if own else free_ports(4))
        self.delay_ms = delay_ms
        self.round_trip_ms = 2 * delay_ms
        self.own = own
        self.wire = None
        self.far = None  # path of the origins' network
        self.proxy_address = "127.0.0.1"
        self.origins = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
        if delay_ms:
            self.origins = ["10.77.0.11", "10.77.0.12", "10.77.0.13"]
            command = [Path(build) / "bench/failover/wire", "--delay-ms", delay_ms, "--near", "10.77.0.1"]
            for address in self.origins:
                command += ["--far", address]
            self.wire = Program("wire", command, realtime=True)
            try:
                self.wire.wait_ready()
            except RuntimeError:
                self.wire.stop()
                raise
            self.far = f"/proc/{self.wire.process.pid}/ns/net"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.wire is not None:
            self.wire.stop()
