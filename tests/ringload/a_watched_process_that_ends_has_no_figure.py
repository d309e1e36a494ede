"""--watch of a process that ends during the run: what it used is not known, and that is said."""

import subprocess
import time

from loading import Running, Timed, check, equal, main


def test():
    with Timed() as origin:
        watched = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        time.sleep(0.2)  # it has used CPU time when the measured time begins
        with Running(origin, "-d", "2s", "--warm-up", "0s", "-c", 1, "-R", 10, "--watch", watched.pid) as running:
            time.sleep(0.7)
            watched.kill()
            watched.wait()
            done = running.finish()
        equal(done["cpu"]["watched"], [], "figures of a process that ended")
        check("ended meanwhile" in done.err, f"it says why: {done.err}")


if __name__ == "__main__":
    main(test)
