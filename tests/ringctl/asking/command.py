"""ringctl as a process."""

import os
import subprocess
import threading

from harness.ground import ROOT, SLOW

BINARY = os.environ.get("RINGCTL_BIN", os.path.join(ROOT, "build/tools/ringctl/ringctl"))
TOKEN = "a-token-for-tests"


class Done:
    """What became of it."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    def lines(self):
        return self.out.splitlines()

    def __repr__(self):
        return f"<status {self.status}\nstandard output:\n{self.out}\nstandard error:\n{self.err}>"


def environment(variables):
    """That of the tests without what would tell ringctl where to ask; a variable that is None is taken away."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if key not in ("RINGWAY_ADMIN", "RINGWAY_TOKEN_FILE", "NO_COLOR") and "proxy" not in key.lower()
    }
    clean["TERM"] = "xterm"
    return {key: value for key, value in {**clean, **variables}.items() if value is not None}


def ringctl(*words, admin=None, stdin="", seconds=20, **variables):
    """Runs it to its end; `admin` is an address, or what has one."""
    where = [] if admin is None else ["--admin", getattr(admin, "admin_address", admin)]
    done = subprocess.run(
        [BINARY, *where, *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds * SLOW,
        env=environment(variables),
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def with_token(ringway):
    """The words with which ringctl may change things on a Ringway whose process keys have a token file."""
    return ["--token-file", ringway.folder.file("token", TOKEN + "\n")]


class Running:
    """ringctl while it runs, its lines as they come; ended on leaving the block."""

    def __init__(self, *words, admin=None, **variables):
        where = [] if admin is None else ["--admin", getattr(admin, "admin_address", admin)]
        self.process = subprocess.Popen(
            [BINARY, *where, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(variables),
        )
        self.out = []
        self.err = []
        self.readers = [
            threading.Thread(target=self.read, args=(self.process.stdout, self.out), daemon=True),
            threading.Thread(target=self.read, args=(self.process.stderr, self.err), daemon=True),
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def finish(self, seconds=20):
        """Its exit status, once it has ended by itself."""
        status = self.process.wait(seconds * SLOW)
        for reader in self.readers:
            reader.join(5)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
