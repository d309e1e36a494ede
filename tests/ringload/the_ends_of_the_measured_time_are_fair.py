"""The rate is that of the whole measured time: answers at its begin count although their requests were due before it, answers
behind it do not, and a schedule whose last request is early does not shorten it."""

import time

from loading import Timed, check, equal, main, ringload
from loading.servers import QUICK


def slow(_):
    time.sleep(0.4)
    return QUICK


def test():
    with Timed(slow) as origin:
        done = ringload(origin, "-c", 10, "-d", "2s", "--warm-up", "1s")
        equal(done["requests"]["answered"], 50, "requests that were due, the last of them answered late")
        check(abs(done["rate"] - 25) < 0.1, f"10 connections with 0.4 s for each request make 25 a second, not {done['rate']}")
        bytes_a_request = done["bytes"]["received"] / len(QUICK)
        equal(bytes_a_request, 50, "answers whose bytes came within the measured time")
    with Timed() as origin:
        done = ringload(origin, "-R", 2, "-d", "1s", "--warm-up", "0s", "-c", 1)
        equal(done["requests"]["due"], 2, "due")
        equal(done["measured_s"], 1, "measured_s")
        equal(done["rate"], 2, "rate")
        done = ringload(origin, "-R", 2, "-d", "1s", "-n", 1000, "--warm-up", "0s", "-c", 1)
        equal(done["measured_s"], 1, "measured_s when the duration ends the run, not the number of requests")


if __name__ == "__main__":
    main(test)
