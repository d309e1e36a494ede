"""What the tests share that look at files of the tree: each is a function that returns what it finds wrong, a line each."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)


def judge(tests):
    """Runs them all; the exit status."""
    failed = 0
    for test in tests:
        wrong = test()
        failed += bool(wrong)
        for line in wrong:
            print(f"FAIL {test.__name__}: {line}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0
