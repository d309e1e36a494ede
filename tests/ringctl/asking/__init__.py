"""What the tests of ringctl are written with: the real binary, the harness of tests/e2e, a terminal, and a server that answers as
the admin API does, for what a real ringway shows only rarely.

A test is a file with one function, run by `main(test)`; it fails by raising."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

from harness import (  # noqa: E402
    Origin,
    Program,
    Ringway,
    SLOW,
    TemporaryFolder,
    check,
    equal,
    eventually,
    forward_to,
    free_port,
    main,
    pool,
    response,
    upstream,
)
from harness.ground import ROOT  # noqa: E402
from asking.command import BINARY, TOKEN, Running, ringctl, with_token  # noqa: E402
from asking.screen import Screen, on_a_terminal  # noqa: E402
from asking.stand_in import StandIn  # noqa: E402

__all__ = [
    "BINARY",
    "Origin",
    "Program",
    "ROOT",
    "Ringway",
    "Running",
    "SLOW",
    "Screen",
    "StandIn",
    "TOKEN",
    "TemporaryFolder",
    "check",
    "equal",
    "eventually",
    "forward_to",
    "free_port",
    "main",
    "on_a_terminal",
    "pool",
    "response",
    "ringctl",
    "upstream",
    "with_token",
]
