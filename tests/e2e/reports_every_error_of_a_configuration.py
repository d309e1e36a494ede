"""`ringway -t` names every mistake of a file with line and column and exits 1; a good file exits 0."""

import re
import subprocess

from harness import check, equal, main, SLOW, TemporaryFolder
from harness.ground import RINGWAY


BAD = """
[[listener]]
name = "main"
adress = "127.0.0.1:8080"
idle_timeout = 5

[[route]]
pool = "api2"

[[pool]]
name = "api"
balance = "round_robbin"
[[pool.upstream]]
address = "127.0.0.1:99999"
"""
GOOD = """
[[listener]]
address = "127.0.0.1:8080"
[[route]]
pool = "api"
[[pool]]
name = "api"
[[pool.upstream]]
address = "127.0.0.1:9000"
"""


def test():
    def checked(path):
        return subprocess.run(
            [RINGWAY, "-t", "-c", path], capture_output=True, text=True, timeout=10 * SLOW, check=False
        )

    with TemporaryFolder() as folder:
        path = folder.file("bad.toml", BAD)
        result = checked(path)
        equal(result.returncode, 1, f"exit status; it said {result.stdout}{result.stderr}")
        said = result.stdout + result.stderr
        places = [
            (int(line), int(column))
            for line, column in re.findall(re.escape(path) + r":(\d+):(\d+): \S", said)
        ]
        lines = [line for line, _ in places]
        for line, what in (
            (4, "unknown key"),
            (5, "duration without a unit"),
            (8, "unknown pool"),
            (12, "unknown policy"),
            (14, "port out of range"),
        ):
            check(line in lines, f"{what} of line {line} is reported; it said\n{said}")
        equal(places, sorted(places), "order of the places")
        check(
            "address" in said and "round_robin" in said, f"the nearest words are suggested; it said\n{said}"
        )
        equal(
            subprocess.run(
                [RINGWAY, "-c", path], capture_output=True, timeout=10 * SLOW, check=False
            ).returncode,
            1,
            "exit status without -t",
        )
        result = checked(folder.file("good.toml", GOOD))
        equal(result.returncode, 0, f"a good file: {result.stdout}{result.stderr}")
        equal(checked(folder.file("syntax.toml", GOOD + "\n[[[")).returncode, 1, "a syntax error")
        equal(checked(folder.path + "/absent.toml").returncode, 1, "an absent file")


if __name__ == "__main__":
    main(test)
