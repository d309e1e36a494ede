"""An address in use, or one that is not this machine's, ends the start with status 1 and a sentence that names it."""

import socket
import subprocess

from harness import check, equal, forward_to, main, SLOW, TemporaryFolder
from harness.ground import RINGWAY


def test():
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    for where in (address, "192.0.2.1:80"):
        with TemporaryFolder() as folder:
            path = folder.file(
                "c.toml",
                f'[shards]\ncount = 1\n[[listener]]\naddress = "{where}"\n' + forward_to("127.0.0.1:9"),
            )
            result = subprocess.run(
                [RINGWAY, "-c", path], capture_output=True, text=True, timeout=10 * SLOW, check=False
            )
            equal(result.returncode, 1, f"exit status for {where}")
            check(where in result.stderr, f"the address is named: {result.stderr}")


if __name__ == "__main__":
    main(test)
