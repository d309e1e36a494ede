"""Assertions, waiting, temporary folders."""

import fcntl
import os
import resource
import shutil
import tempfile
import time

# Sanitizer builds are slower: allowances are multiplied by this.
SLOW = float(os.environ.get("RINGWAY_SLOW", "1"))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
# The programs under test.
RINGWAY = os.environ.get("RINGWAY_BIN", os.path.join(ROOT, "build/src/ringway"))
RINGORIGIN = os.environ.get("RINGORIGIN_BIN", os.path.join(ROOT, "build/tools/ringorigin"))
RINGLOAD = os.environ.get("RINGLOAD_BIN", os.path.join(ROOT, "build/tools/ringload/ringload"))
RINGCTL = os.environ.get("RINGCTL_BIN", os.path.join(ROOT, "build/tools/ringctl/ringctl"))


def reserve_descriptors(count=4096):
    """Room in the kernel's table of descriptors, before there are threads: later whoever opens one while it grows waits for the end
    of an RCU grace period, which takes seconds on a busy machine."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    any_file = os.open(os.devnull, os.O_RDONLY)
    highest = count if allowed == resource.RLIM_INFINITY else min(count, allowed)
    os.close(fcntl.fcntl(any_file, fcntl.F_DUPFD_CLOEXEC, highest - 1))
    os.close(any_file)


reserve_descriptors()


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: found {short(found)}, wanted {short(wanted)}")


def short(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:200]} ... {text[-150:]} ({len(text)} characters)"


def eventually(condition, what, seconds=5.0):
    """Waits until the condition yields something true, and returns that."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds * SLOW:.0f} s: {what}")
        time.sleep(0.02)


def seconds_of(action):
    """The time that an action took, and what it returned."""
    start = time.monotonic()
    value = action()
    return time.monotonic() - start, value


class TemporaryFolder:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="ringway-e2e-")

    def file(self, name, content=None):
        path = os.path.join(self.path, name)
        if content is not None:
            with open(path, "w", encoding="utf-8") as out:
                out.write(content)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
