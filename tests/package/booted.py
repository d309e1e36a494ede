"""A real systemd as the first process of namespaces of its own, in the Debian of a test: what the unit says is then carried
out by the one for whom it is written. Nothing of it is left when it is killed."""

import re
import signal
import subprocess
import time
from pathlib import Path

BOUND_SECONDS = 60
# Mounts that systemd expects of whoever starts it, seen in its namespace only.
BOOT = """set -e
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/tmp"
mount --rbind /dev "$1/dev"
exec env -i container=ringway-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    chroot "$1" /lib/systemd/systemd --log-target=journal --show-status=no
"""
# Of no use here, or looking at the machine as if it were theirs.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "e2scrub_reap.service", "fstrim.timer",
          "getty@tty1.service", "systemd-logind.service", "systemd-timesyncd.service", "systemd-udevd.service",
          "systemd-udev-trigger.service", "systemd-sysctl.service", "systemd-modules-load.service")


class Booted:
    """Up, with its default target reached, when the block is entered."""

    def __init__(self, root, words):
        self.root = root
        self.words_path = words
        units = root / "etc/systemd/system"
        for name in MASKED:
            if not (units / name).is_symlink():
                (units / name).symlink_to("/dev/null")
        default = units / "default.target"
        if not default.is_symlink():
            default.symlink_to("/lib/systemd/system/multi-user.target")
        with open(words, "wb") as out:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--cgroup", "/bin/sh", "-c", BOOT, "sh", str(root)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )

    def words(self):
        """What was said before there was a journal."""
        return Path(self.words_path).read_text(errors="replace")[-3000:]

    def first(self):
        """systemd's process id as it is seen from here."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return children[0] if children else None

    def inside(self, *command):
        first = self.first()
        if first is None:
            raise RuntimeError(f"systemd is not there: {self.words()}")
        return subprocess.run(["nsenter", f"--target={first}", "--pid", "--mount", "--cgroup", "--root", "--wd", *command],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})

    def systemctl(self, *arguments):
        done = self.inside("systemctl", *arguments)
        if done.returncode != 0:
            raise RuntimeError(f"systemctl {' '.join(arguments)}: {done.stdout}{done.stderr}{self.why()}")
        return done.stdout

    def why(self):
        return self.inside("systemctl", "status", "--no-pager", "--full", "--lines=30", "ringway.service").stdout + self.words()

    def show(self, name):
        return self.systemctl("show", f"--property={name}", "--value", "ringway.service").strip()

    def state(self):
        return self.show("ActiveState")

    def main_pid(self):
        return self.show("MainPID")

    def processes(self):
        """Process ids of the service, as its systemd sees them."""
        group = self.show("ControlGroup")
        found = self.inside("cat", f"/sys/fs/cgroup{group}/cgroup.procs") if group else None
        return found.stdout.split() if found and found.returncode == 0 else []

    def journal(self, cursor=""):
        """What ringway and systemd about it said, of late or behind the cursor."""
        since = [f"--after-cursor={cursor}"] if cursor else []
        return self.inside("journalctl", "--no-pager", "--output=cat", "--unit=ringway.service", *since).stdout

    def cursor(self):
        said = self.inside("journalctl", "--no-pager", "--lines=0", "--show-cursor").stdout
        return said.split("cursor: ", 1)[1].strip()

    def wait(self, condition, what):
        end = time.monotonic() + BOUND_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not within {BOUND_SECONDS} s\n{self.why()}")
            time.sleep(0.1)

    def is_active(self, unit="ringway.service"):
        return self.inside("systemctl", "is-active", unit).stdout.strip() == "active"

    def main_process(self):
        """The status of the service's main process, from here: of the processes in the cgroup the one with its number."""
        wanted = self.main_pid()
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            numbers = re.search(r"^NSpid:\t(.*)$", text, re.M)
            if text.startswith("Name:\tringway\n") and numbers and numbers[1].split()[-1] == wanted:
                return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        raise RuntimeError(f"there is no process {wanted}: {self.why()}")

    def is_up(self):
        try:
            return self.inside("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")
        except (RuntimeError, OSError):
            return False

    def __enter__(self):
        self.wait(self.is_up, "systemd boots")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


__all__ = ["Booted"]
