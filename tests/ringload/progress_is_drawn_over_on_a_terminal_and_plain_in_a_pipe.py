"""A pipe gets a plain line an interval; a terminal one line that is drawn over, no wider than it is; --quiet neither."""

import fcntl
import os
import pty
import re
import struct
import termios
import threading

from loading import Program, Running, check, equal, main

FLAGS = ("-d", "1s", "--warm-up", "0s", "-R", 300, "-c", 4, "--interval", "200ms")
LINE = re.compile(r"rate [\d.]+/s +p99 \S+ \S+ +errors 0 +in flight \d+ .*left")


def on_a_pipe(origin):
    with Running(origin, *FLAGS, quiet=False) as run:
        done = run.finish()
    # on a busy machine it has a word of warning at the end
    lines = [line for line in done.err.splitlines() if not line.startswith("ringload: ")]
    equal(done.status, 0, "exit status")
    check(4 <= len(lines) <= 7, f"5 intervals: {lines}")
    check("\r" not in done.err and "\x1b" not in done.err, f"nothing but text in a pipe: {done.err!r}")
    for line in lines[:4]:
        check(LINE.search(line), f"a line of progress: {line!r}")


def on_a_terminal(origin, columns):
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    pieces = []

    def read():
        while True:
            try:
                got = os.read(near, 65536)
            except OSError:  # the other end is closed
                return
            if not got:
                return
            pieces.append(got)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with Running(origin, *FLAGS, quiet=False, stderr=far) as run:
        os.close(far)
        equal(run.finish().status, 0, "exit status")
    reader.join(5)
    os.close(near)
    text, ended, rest = b"".join(pieces).decode().partition("\r\n")
    drawn = [part for part in text.split("\r") if part]
    check(len(drawn) >= 4, f"it is drawn over each interval: {text!r}")
    check("\x1b[K" in text, f"what the line before had is erased: {text!r}")
    check(ended, f"the line is ended: {text!r}")
    check(not rest or rest.startswith("ringload: "), f"what comes behind it: {rest!r}")
    for part in drawn:
        shown = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", part)
        check(len(shown) <= columns, f"{len(shown)} wide on {columns} columns: {shown!r}")
    if columns > 80:
        check(LINE.search(drawn[0]), f"what is drawn: {drawn[0]!r}")


def test():
    with Program("a") as origin:
        on_a_pipe(origin)
        on_a_terminal(origin, 120)
        on_a_terminal(origin, 30)
        with Running(origin, *FLAGS) as run:
            said = [line for line in run.finish().err.splitlines() if not line.startswith("ringload: ")]
            equal(said, [], "progress with --quiet")


if __name__ == "__main__":
    main(test)
