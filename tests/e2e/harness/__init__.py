"""What the end-to-end tests are written with: the real ringway binary, scripted origins and raw clients.

A test is a file with one function, run by `main(test)`; it fails by raising. Every wait is bounded."""

import os
import sys
import traceback

from harness.balancer import Ringway, forward_to, pool, upstream
from harness.checked import Checked, health_check
from harness.controlled import Controlled, EventStream, TOKEN
from harness.client import Client, Ended, Reply, get_by_curl
from harness.message import chunked, field_lines, header, pattern, response
from harness.origin import Hangup, Origin, free_port
from harness.ground import SLOW, TemporaryFolder, check, equal, eventually, seconds_of
from harness.program import Load, Program

__all__ = [
    "Checked",
    "Client",
    "Controlled",
    "Ended",
    "EventStream",
    "Hangup",
    "Load",
    "Origin",
    "Program",
    "Reply",
    "Ringway",
    "SLOW",
    "TOKEN",
    "TemporaryFolder",
    "check",
    "chunked",
    "equal",
    "eventually",
    "field_lines",
    "forward_to",
    "free_port",
    "get_by_curl",
    "header",
    "health_check",
    "main",
    "pattern",
    "pool",
    "response",
    "seconds_of",
    "upstream",
]


def main(test):
    """Runs the test of a file; exit status 0 exactly when it passed."""
    try:
        test()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # threads of origins may be waiting for bytes that never come
    sys.stdout.flush()
    os._exit(0)
