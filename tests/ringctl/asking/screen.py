"""A terminal with a program on it: a pty, and what its screen shows."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

from asking.command import BINARY, environment
from harness import SLOW, check

OLD_FRAMES_MAX = 10  # that wait in the terminal when its size changes
SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[78=>]|([^\x1b])", re.S)


class Screen:
    """The characters of a terminal of some size, by the sequences that ringctl may use; any other is an error."""

    def __init__(self, columns, rows):
        self.columns = columns
        self.rows = rows
        self.lines = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.other = False  # xterm's other screen
        self.cursor = True
        self.tones = []  # of the sequences m
        self.rest = ""
        self.old_frames = 0  # that may still come in a size before; none once one has come whole and fits
        self.fits = True  # the frame that is being drawn, so far

    def resize(self, columns, rows):
        self.old_frames = OLD_FRAMES_MAX
        self.fits = False  # of the present one only the rest is to come
        self.columns, self.rows = columns, rows
        self.lines = [(line + [" "] * columns)[:columns] for line in self.lines[:rows]]
        self.lines += [[" "] * columns for _ in range(rows - len(self.lines))]

    def feed(self, text):
        text = self.rest + text
        cut = text.rfind("\x1b")
        self.rest = ""
        if cut >= 0 and not SEQUENCE.match(text, cut):
            text, self.rest = text[:cut], text[cut:]
        position = 0
        while position < len(text):
            match = SEQUENCE.match(text, position)
            check(match, f"an unknown sequence: {text[position:position + 12]!r}")
            position = match.end()
            if match.group(3) is not None:
                self.put(match.group(3))
            elif match.group(2):
                self.control(match.group(1), match.group(2))

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            if self.row + 1 >= self.rows:
                self.overflow("the screen was scrolled")
            self.row = min(self.row + 1, self.rows - 1)
        else:
            check(character >= " ", f"a control character: {character!r}")
            if self.row < self.rows and self.column < self.columns:
                self.lines[self.row][self.column] = character
            else:
                self.overflow(f"a line is wider than {self.columns}")
            self.column += 1

    def overflow(self, what):
        check(not self.other or self.old_frames, what)
        self.fits = False

    def control(self, parameters, final):
        if final == "H":
            self.old_frames = 0 if self.fits else max(self.old_frames - 1, 0)
            self.fits = True
            self.row = self.column = 0
        elif final == "K":
            for column in range(self.column, self.columns):
                if self.row < self.rows:
                    self.lines[self.row][column] = " "
        elif final == "J":
            first = 0 if parameters == "2" else self.row + 1
            for row in range(first, self.rows):
                self.lines[row] = [" "] * self.columns
        elif final == "m":
            self.tones.append(parameters)
        elif final in "hl" and parameters == "?1049":
            self.other = final == "h"
        elif final in "hl" and parameters == "?25":
            self.cursor = final == "h"
        else:
            check(parameters == "?7", f"an unknown sequence {parameters}{final}")

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)


class OnATerminal:
    """ringctl on a pty of its own, as the leader of its session."""

    def __init__(self, *words, admin=None, columns=120, rows=30, **variables):
        where = [] if admin is None else ["--admin", getattr(admin, "admin_address", admin)]
        self.screen = Screen(columns, rows)
        self.lock = threading.Lock()
        self.fault = None
        self.near, far = pty.openpty()
        self.size(columns, rows, tell=False)
        self.before = termios.tcgetattr(self.near)
        self.process = subprocess.Popen(
            [BINARY, *where, *map(str, words)],
            stdin=far,
            stdout=far,
            stderr=far,
            env=environment(variables),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.far = far  # held open: what is left on the terminal can be read after the end
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                got = os.read(self.near, 65536)
            except OSError:
                return
            if not got:
                return
            with self.lock:
                try:
                    self.screen.feed(got.decode(errors="replace"))
                except AssertionError as fault:
                    self.fault = self.fault or fault

    def size(self, columns, rows, tell=True):
        with self.lock:
            if tell:
                self.screen.resize(columns, rows)
            fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.near, keys.encode())

    def text(self):
        with self.lock:
            if self.fault:
                raise self.fault
            return self.screen.text()

    def until(self, condition, what, seconds=10):
        """Waits until the screen's text meets the condition; returns the text."""
        deadline = time.monotonic() + seconds * SLOW
        while True:
            text = self.text()
            if condition(text):
                return text
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}; the screen:\n{text}")
            time.sleep(0.02)

    def finish(self, seconds=10):
        """The exit status; negative when a signal ended it."""
        status = self.process.wait(seconds * SLOW)
        time.sleep(0.1)
        return status

    def is_restored(self):
        """The terminal is as it was: its modes, its screen, its cursor."""
        with self.lock:
            modes = termios.tcgetattr(self.near) == self.before
            return modes and not self.screen.other and self.screen.cursor

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.far)
        self.reader.join(2)
        os.close(self.near)


def on_a_terminal(*words, **options):
    return OnATerminal(*words, **options)
