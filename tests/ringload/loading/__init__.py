"""What the tests of ringload are written with: the real binary, its JSON and records, and the servers of tests/e2e/harness.

A test is a file with one function, run by `main(test)`; it fails by raising. What ringload says is checked against what the
server saw."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import harness  # noqa: E402
from harness import *  # noqa: E402,F401,F403
from loading.command import BINARY, Running, balance, ringload, transport_failures, url_of  # noqa: E402
from loading.servers import Nginx, Timed, answer_quickly  # noqa: E402

__all__ = [
    *harness.__all__,
    "BINARY",
    "Nginx",
    "Running",
    "Timed",
    "answer_quickly",
    "balance",
    "ringload",
    "transport_failures",
    "url_of",
]
