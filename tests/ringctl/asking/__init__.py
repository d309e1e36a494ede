"""What the tests of ringctl are written with: the real binary, the harness of tests/e2e, a terminal, and a server that answers as
the admin API does, for what a real ringway shows only rarely.

A test is a file with one function, run by `main(test)`; it fails by raising."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import harness  # noqa: E402
from harness import *  # noqa: E402,F401,F403
from asking.command import BINARY, Running, ringctl  # noqa: E402
from asking.screen import Screen, on_a_terminal  # noqa: E402
from asking.stand_in import StandIn  # noqa: E402
from asking.steered import Steered  # noqa: E402

__all__ = [
    *harness.__all__,
    "BINARY",
    "Running",
    "Screen",
    "StandIn",
    "Steered",
    "on_a_terminal",
    "ringctl",
]
