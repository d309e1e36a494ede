"""An open loop's requests come at equal distances, or at exponential ones, at the rate that was asked for; one seed is one
schedule. The server's own clock sees them when they are due."""

import statistics

from loading import SLOW, Timed, check, equal, main, ringload

RATE = 400
SECONDS = 3


def gaps_of(moments):
    return [later - earlier for earlier, later in zip(moments, moments[1:])]


def due_of(done):
    return [float(record["due_us"]) for record in done.records]


def check_kept(origin, done, when):
    """The server saw each request when it was due, as its median says: a machine that is late now and then moves none of it.
    What is sent by ticks of 50 ms, or at another rate, is far off."""
    due = due_of(done)
    equal(origin.count(), len(due), f"{when}: requests that the server saw")
    off = [came - at / 1e6 for came, at in zip(sorted(origin.arrivals), due)]
    first = min(off)
    late = statistics.median(at - first for at in off)
    check(late < 0.02 * SLOW, f"{when}: half of them come later than {1000 * late:.1f} ms after their time")


def constant():
    with Timed() as origin:
        done = ringload(origin, "-R", RATE, "-d", f"{SECONDS}s", "--warm-up", "0s", "-c", 8, "-t", 2, records=True)
        equal(done["requests"]["due"], RATE * SECONDS, "due")
        check_kept(origin, done, "constant")
        worst = max(abs(at - i * 1e6 / RATE) for i, at in enumerate(due_of(done)))
        check(worst < 1, f"due {worst} us off")
        equal(done["mode"], "constant", "mode")
        equal(done["lag"]["count"], RATE * SECONDS, "lag of each request")


def poisson():
    with Timed() as origin:
        flags = ("-R", RATE, "--arrivals", "poisson", "-d", f"{SECONDS}s", "--warm-up", "0s", "-c", 32)
        done = ringload(origin, *flags, "--seed", 7, records=True)
        check_kept(origin, done, "poisson")
        count = done["requests"]["due"]
        check(abs(count - RATE * SECONDS) < 6 * (RATE * SECONDS) ** 0.5, f"{count} requests are not the rate")
        gaps = gaps_of(due_of(done))
        mean = statistics.mean(gaps)
        check(abs(mean * RATE / 1e6 - 1) < 0.2, f"mean gap {mean} us")
        spread = statistics.pvariance(gaps) / mean**2
        check(0.6 < spread < 1.5, f"variance is {spread:.2f} times the mean squared")
        beyond = sum(gap > mean for gap in gaps) / len(gaps)
        check(0.30 < beyond < 0.44, f"{beyond:.3f} of the gaps are above their mean, 1/e are expected")
        again = ringload(origin, *flags, "--seed", 7, records=True)
        equal(due_of(again), due_of(done), "the schedule of the same seed")
        other = ringload(origin, *flags, "--seed", 8, records=True)
        check(due_of(other) != due_of(done), "another seed has the same schedule")


def test():
    constant()
    poisson()


if __name__ == "__main__":
    main(test)
