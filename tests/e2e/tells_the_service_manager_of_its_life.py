"""NOTIFY_SOCKET: READY once it serves, WATCHDOG=1 while every shard lives, MAINPID of the successor at an upgrade, STOPPING;
a process whose shards hang falls silent."""

import ctypes
import os
import socket
import time

from harness import check, Dynasty, equal, eventually, main, TemporaryFolder

PERIOD_SECONDS = 0.1


def shard_threads(pid):
    """Thread ids of its shards."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as name:
            if name.read().startswith("shard-"):
                found.append(int(thread))
    return found


class Held:
    """One thread of another process stands still within the block: PTRACE_INTERRUPT stops no other, as SIGSTOP would."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
    WALL = 0x40000000

    def __init__(self, thread):
        self.thread = thread
        self.libc = ctypes.CDLL(None, use_errno=True)

    def trace(self, request):
        done = self.libc.ptrace(request, self.thread, ctypes.c_void_p(0), ctypes.c_void_p(0))
        check(done == 0, f"ptrace {request:#x}: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        self.trace(self.SEIZE)
        self.trace(self.INTERRUPT)
        os.waitpid(self.thread, self.WALL)
        return self

    def __exit__(self, *_):
        self.trace(self.DETACH)


class Manager:
    """The manager's end: messages with their senders."""

    def __init__(self, folder):
        self.path = folder.file("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.messages = []  # (pid, {name: value})

    def read(self):
        while True:
            try:
                text, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
            except BlockingIOError:
                return self.messages
            pid = int.from_bytes(ancillary[0][2][:4], "little")
            self.messages.append((pid, dict(line.split("=", 1) for line in text.decode().splitlines())))

    def of(self, name, pid):
        return [told[name] for sender, told in self.read() if name in told and sender == pid]

    def wait(self, name, pid, count=1, seconds=5.0):
        return eventually(lambda: len(found := self.of(name, pid)) >= count and found, f"{name} of {pid}", seconds)


def test():
    with TemporaryFolder() as folder:
        manager = Manager(folder)
        environment = {
            "NOTIFY_SOCKET": manager.path,
            "WATCHDOG_USEC": str(int(2 * PERIOD_SECONDS * 1e6)),
        }
        with Dynasty('[[route]]\nrespond = { body = "x" }', shards="count = 2", environment=environment) as ringway:
            first = ringway.pid
            equal(manager.wait("READY", first)[0], "1", "READY")
            manager.wait("STATUS", first)
            manager.wait("WATCHDOG", first, 3)

            kept = ringway.client()
            kept.get("/")
            ringway.upgrade()
            equal(manager.wait("MAINPID", first)[-1], str(ringway.pid), "MAINPID")
            manager.wait("WATCHDOG", ringway.pid, 3)
            count = len(manager.of("WATCHDOG", first))
            time.sleep(5 * PERIOD_SECONDS)
            equal(len(manager.of("WATCHDOG", first)), count, "the old one's, while it drains")
            equal(manager.of("STOPPING", first), [], "STOPPING of the old one: the service goes on")
            kept.close()

            thread = shard_threads(ringway.pid)[0]
            with Held(thread):  # the other shard and the control threads live

                def silent():
                    count = len(manager.of("WATCHDOG", ringway.pid))
                    time.sleep(5 * PERIOD_SECONDS)
                    return len(manager.of("WATCHDOG", ringway.pid)) == count

                eventually(silent, "it falls silent", 20)
            count = len(manager.of("WATCHDOG", ringway.pid))
            manager.wait("WATCHDOG", ringway.pid, count + 1, 10)
            last = ringway.pid
        equal(manager.wait("STOPPING", last)[0], "1", "STOPPING")


if __name__ == "__main__":
    main(test)
