"""A ringway that is upgraded: from a binary of its own that can be replaced, followed from process to process."""

import ctypes
import os
import shutil
import signal
import time

from harness.balancer import FAULTS, Ringway
from harness.ground import RINGWAY, SLOW, TemporaryFolder, check, eventually

PR_SET_CHILD_SUBREAPER = 36


class Dynasty(Ringway):
    """As Ringway; `pid` is of the process that serves, `past` those before it, which may still drain.

    The test process adopts whom their parents leave behind, so that each one's exit status is known."""

    def __init__(self, body, process="", **more):
        check(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "orphans come to this process")
        self.home = TemporaryFolder()
        self.binary = self.home.file("ringway")
        shutil.copy2(RINGWAY, self.binary)
        self.pid_path = self.home.file("ringway.pid")
        super().__init__(
            body, process=f'pid_file = "{self.pid_path}"\n{process}', binary=self.binary, **more
        )
        self.pid = self.process.pid
        self.past = []
        self.statuses = {}

    def replace_binary(self, text=None):
        """With a script, or with the true one; as a package manager does, by a rename."""
        path = self.binary + ".new"
        if text is None:
            shutil.copy2(RINGWAY, path)
        else:
            with open(path, "w", encoding="ascii") as script:
                script.write(text)
            os.chmod(path, 0o755)
        os.rename(path, self.binary)

    def pid_in_file(self):
        with open(self.pid_path, encoding="ascii") as file:
            return int(file.read())

    def log_count(self, text):
        return self.stderr().count(text)

    def upgrade(self, seconds=20.0, ask=None):
        """SIGUSR2, unless `ask` asks otherwise; returns once a new process serves and the old one knows it."""
        before = self.log_count("serves from now on")
        failures = self.log_count("the upgrade failed")
        ask() if ask else os.kill(self.pid, signal.SIGUSR2)

        def done():
            check(self.log_count("the upgrade failed") == failures, f"the upgrade failed\n{self.stderr()}")
            return self.log_count("serves from now on") > before

        eventually(done, "the new process serves", seconds)
        self.past.append(self.pid)
        self.pid = self.pid_in_file()
        check(self.pid not in self.past, "the pid file names the new process")

    def generation(self):
        """Of the configuration of the newest process; None where one before it has answered."""
        status = self.page("/status")
        return status["generation"] if status["pid"] == self.pid else None

    def reload(self):
        """SIGHUP; returns once the file is in force."""
        eventually(lambda: self.generation() is not None, "the newest process answers", 20)
        before = self.generation()
        os.kill(self.pid, signal.SIGHUP)
        eventually(lambda: self.generation() == before + 1, "the new configuration is in force", 20)

    def fail_to_upgrade(self, seconds=20.0):
        """SIGUSR2 to a process whose successor will not come; the reason in its log."""
        before = self.log_count("the upgrade failed")
        os.kill(self.pid, signal.SIGUSR2)
        eventually(lambda: self.log_count("the upgrade failed") > before, "the upgrade fails", seconds)
        check(self.pid_in_file() == self.pid, "the pid file still names the old process")
        lines = [line for line in self.stderr().splitlines() if "the upgrade failed" in line]
        return lines[-1]

    def status_of(self, pid):
        """The exit status of a process that has ended; None while it runs."""
        if pid == self.process.pid:
            return self.process.poll()
        if pid not in self.statuses:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found != pid:
                return None
            self.statuses[pid] = os.waitstatus_to_exitcode(status)
        return self.statuses[pid]

    def adopted(self, pid):
        """True when the process is ours to wait for: its parent, the one before it, has ended."""
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1]) == os.getpid()

    def wait_past(self, seconds=15.0):
        """Until those before have drained and ended, each with status 0."""
        for pid in self.past:
            try:
                eventually(lambda: self.status_of(pid) is not None, f"process {pid} ends", seconds)
            except ChildProcessError:
                raise AssertionError(f"process {pid} outlives its parent, and is nobody's") from None
            check(self.status_of(pid) == 0, f"exit status of {pid}: {self.status_of(pid)}\n{self.stderr()}")

    def stop(self):
        for pid in self.past:
            if self.status_of_or_none(pid) is None:
                os.kill(pid, signal.SIGTERM)
        self.wait_past()
        if self.pid != self.process.pid:
            eventually(lambda: self.adopted(self.pid), "the last one is ours")
            os.kill(self.pid, signal.SIGTERM)
            eventually(lambda: self.status_of(self.pid) is not None, "the last one ends", 15)
            check(self.status_of(self.pid) == 0, f"exit status {self.status_of(self.pid)}\n{self.stderr()}")
            fault = FAULTS.search(self.stderr())
            check(not fault, f"ringway reported a fault:\n{self.stderr()}")
            return
        super().stop()

    def status_of_or_none(self, pid):
        try:
            return self.status_of(pid)
        except ChildProcessError:
            return None

    def __exit__(self, kind, *rest):
        try:
            super().__exit__(kind, *rest)
        finally:
            self.kill_left()
            self.home.remove()

    def kill_left(self):
        """What a failed test leaves behind: those of `past` and the last one, by their pids."""
        for pid in [*self.past, self.pid]:
            for _ in range(2):  # its parent is gone by then
                try:
                    if self.status_of(pid) is None:
                        os.kill(pid, signal.SIGKILL)
                        time.sleep(0.05 * SLOW)
                except (ChildProcessError, ProcessLookupError):
                    break


__all__ = ["Dynasty"]
