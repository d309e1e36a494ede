"""`ringway -V` prints the version, the build and each kernel feature with what is used."""

import re
import subprocess

from harness import check, equal, main, SLOW
from harness.ground import RINGWAY


def test():
    result = subprocess.run([RINGWAY, "-V"], capture_output=True, text=True, timeout=10 * SLOW, check=False)
    equal(result.returncode, 0, "exit status")
    check(re.search(r"ringway \d+\.\d+\.\d+", result.stdout), f"version: {result.stdout}")
    for feature in ("multishot_receive", "recv_credit"):
        check(feature in result.stdout, f"{feature} is listed: {result.stdout}")


if __name__ == "__main__":
    main(test)
