"""ringctl as a process."""

import os

from harness.ground import RINGCTL as BINARY
from harness.tool import Watched, run


def environment(variables):
    """That of the tests without what would tell ringctl where to ask; a variable that is None is taken away."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if key not in ("RINGWAY_ADMIN", "RINGWAY_TOKEN_FILE", "NO_COLOR") and "proxy" not in key.lower()
    }
    clean["TERM"] = "xterm"
    return {key: value for key, value in {**clean, **variables}.items() if value is not None}


def command(words, admin=None):
    """`admin` is an address, or what has one."""
    return [BINARY, *([] if admin is None else ["--admin", getattr(admin, "admin_address", admin)]), *words]


def ringctl(*words, admin=None, stdin="", seconds=20, **variables):
    """Runs it to its end."""
    return run(command(words, admin), stdin, seconds, env=environment(variables))


class Running(Watched):
    """ringctl while it runs, its lines as they come; ended on leaving the block."""

    def __init__(self, *words, admin=None, **variables):
        super().__init__(command(words, admin), env=environment(variables))


__all__ = ["BINARY", "Running", "environment", "ringctl"]
