"""A command-line tool as a process: run to its end, or watched while it runs."""

import signal
import subprocess
import threading

from harness.ground import SLOW


class Done:
    """What became of one that has ended."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    def lines(self):
        return self.out.splitlines()

    def __repr__(self):
        return f"<status {self.status}\nstandard output:\n{self.out}\nstandard error:\n{self.err}>"


class Killed:
    """Has a `process`; what is left of it on leaving the block is killed."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Tool(Killed):
    """One at work."""

    def __init__(self, command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **more):
        self.command = list(map(str, command))
        self.process = subprocess.Popen(
            self.command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, **more
        )

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds=20.0, stdin=None):
        """All that it said, once it has ended by itself."""
        try:
            out, err = self.process.communicate(stdin, timeout=seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(
                f"{self.command[:4]} did not end within {seconds * SLOW:.0f} s\n{out}\n{err}"
            ) from None
        return Done(self.process.returncode, out, err or "")


class Watched(Tool):
    """One whose lines are there as they come, in `out` and `err`."""

    def __init__(self, command, **more):
        super().__init__(command, **more)
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

    def finish(self, seconds=20.0):
        """Its exit status, once it has ended by itself."""
        status = self.process.wait(seconds * SLOW)
        for reader in self.readers:
            reader.join(5)
        return status


def run(command, stdin="", seconds=20.0, **more):
    """One run to its end."""
    with Tool(command, stdin=subprocess.PIPE, **more) as tool:
        return tool.end(seconds, stdin)


__all__ = ["Done", "Killed", "Tool", "Watched", "run"]
