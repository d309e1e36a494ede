"""What every test of the package uses: a finding, and commands whose failure is one."""

import subprocess

QUIET = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class Wrong(Exception):
    """What a test found."""


def check(condition, what):
    if not condition:
        raise Wrong(what)


def run(*command, **options):
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env=QUIET, **options)


def done(*command, **options):
    """What it printed; a failure is the test's."""
    result = run(*command, **options)
    check(result.returncode == 0, f"{' '.join(map(str, command))}: exit status {result.returncode}\n{result.stdout[-2000:]}"
                                  f"{result.stderr[-2000:]}")
    return result.stdout


__all__ = ["QUIET", "Wrong", "check", "done", "run"]
