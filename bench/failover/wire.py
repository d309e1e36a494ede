"""Where a run lives: a network of its own for proxy and client, and one for the origins, with a wire of known delay between
them or, without a wire, the same one. A network has no name and ends with its processes, so none can be left behind."""

import contextlib
import ctypes
import fcntl
import os
import resource
import shutil
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
    """A process that ends with this one, whatever ends this one: it gets the signal `ends_by` then, which a program with
    children of its own must be able to heed. It is ended by its own pid."""

    def __init__(self, name, command, network=None, realtime=False, stdin=subprocess.DEVNULL,
                 ends_by=signal.SIGTERM):
        self.name, self.ends_by = name, ends_by
        self.log = tempfile.TemporaryFile()
        entered = os.open(network, os.O_RDONLY) if network else None

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, ends_by, 0, 0, 0)
            if entered is not None and libc.setns(entered, CLONE_NEWNET) != 0:
                os._exit(126)
            if realtime:
                with contextlib.suppress(PermissionError):  # then it takes its turn like all others
                    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))

        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=stdin, stdout=subprocess.PIPE, stderr=self.log,
            start_new_session=True, preexec_fn=prepare)  # of its own session: Ctrl-C is for the driver only
        if entered is not None:
            os.close(entered)

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

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=5):
        if self.process.poll() is None:
            self.process.send_signal(self.ends_by)
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.log.close()


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Network:
    """The addresses of a run, its wire, and the packet faults. Leaving it ends the wire."""

    def __init__(self, build, delay_ms, own):
        # Health checks have a port of their own, so that they are not taken for requests.
        self.origin_port, self.check_port, self.proxy_port, self.admin_port = (
            (9000, 9100, 8080, 8081) if own else free_ports(4))
        self.delay_ms = delay_ms
        self.round_trip_ms = 2 * delay_ms
        self.own = own
        self.wire = None
        self.rules = None  # an nft that waits for commands
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
        for program in (self.rules, self.wire):
            if program is not None:
                program.stop()

    def open_rules(self):
        """An nft at the origins that waits for rules, so that a fault comes when it is told, not a process start later."""
        nft = shutil.which("nft", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if nft is None:
            raise Missing("nft is not installed; tools/setup installs it")
        self.rules = Program("nft", [nft, "-i"], self.far, stdin=subprocess.PIPE)
        self.nft("add table inet fault")
        for chain in ("arriving", "leaving"):
            hook = "input" if chain == "arriving" else "output"
            self.nft(f"add chain inet fault {chain} {{ type filter hook {hook} priority 0; }}")

    def nft(self, command):
        """Returns when the command has taken effect; what it makes the kernel say shows that it did."""
        self.rules.process.stdin.write(f"{command}\nlist tables\n".encode())
        self.rules.process.stdin.flush()
        said, deadline = b"", time.monotonic() + 5
        os.set_blocking(self.rules.process.stdout.fileno(), False)
        while b"\ntable inet fault\n" not in b"\n" + said:
            said += self.rules.process.stdout.read() or b""
            if time.monotonic() > deadline or self.rules.process.poll() is not None:
                raise RuntimeError(f"nft does not answer {command}: {self.rules.told()}")
        if told := self.rules.told():
            raise RuntimeError(f"nft: {told}")

    def ports(self):
        return f"{{ {self.origin_port}, {self.check_port} }}"

    def refuse(self, address):
        """Every packet to the origin is answered with a reset: of new and of open connections."""
        self.nft(f"add rule inet fault arriving ip daddr {address} tcp dport {self.ports()} reject with tcp reset")

    def drop(self, address):
        """Packets to and from the origin vanish."""
        self.nft(f"add rule inet fault arriving ip daddr {address} tcp dport {self.ports()} drop")
        self.nft(f"add rule inet fault leaving ip saddr {address} tcp sport {self.ports()} drop")

    def heal(self):
        self.nft("flush table inet fault")
