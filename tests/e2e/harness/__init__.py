"""What the end-to-end tests are written with: the real ringway binary, scripted origins and raw clients.

A test is a file with one function, run by `main(test)`; it fails by raising. Every wait is bounded."""

import os
import sys
import traceback

from harness.balancer import Ringway, forward_to, pool, upstream
from harness.checked import Checked, Held, health_check
from harness.controlled import Controlled, EventStream, TOKEN
from harness.client import Client, Ended, Reply, get_by_curl
from harness.message import chunked, field_lines, header, pattern, response
from harness.origin import Hangup, Origin, free_port
from harness.receiver import BlackHole, Receiver, own_certificate, webhook
from harness.ground import ROOT, SLOW, TemporaryFolder, check, equal, eventually, seconds_of
from harness.program import Load, Program
from harness.succession import Dynasty
from harness.tool import Done, Tool, Watched

__all__ = [
    "BlackHole",
    "Checked",
    "Client",
    "Controlled",
    "Done",
    "Dynasty",
    "Ended",
    "EventStream",
    "Hangup",
    "Held",
    "Load",
    "Origin",
    "Program",
    "ROOT",
    "Receiver",
    "Reply",
    "Ringway",
    "SLOW",
    "TOKEN",
    "TemporaryFolder",
    "Tool",
    "Watched",
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
    "own_certificate",
    "pattern",
    "pool",
    "response",
    "seconds_of",
    "upstream",
    "webhook",
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
