"""An open loop's requests come at equal distances, or at exponential ones, at the rate that was asked for; one seed is one
schedule. Distances are those of the server's own clock."""

import statistics

from loading import SLOW, Timed, check, equal, main, ringload

RATE = 400
SECONDS = 3


def gaps_of(moments):
    return [later - earlier for earlier, later in zip(moments, moments[1:])]


def due_of(done):
    return [float(record["due_us"]) for record in done.records]


def constant():
    with Timed() as origin:
        done = ringload(origin, "-R", RATE, "-d", f"{SECONDS}s", "--warm-up", "0s", "-c", 8, "-t", 2, records=True)
        equal(done["requests"]["due"], RATE * SECONDS, "due")
        equal(origin.count(), RATE * SECONDS, "requests that the server saw")
        seen = sorted(origin.arrivals)
        # where each should have come, by the median: a machine that is late now and then moves none of it
        off = [at - seen[0] - i / RATE for i, at in enumerate(seen)]
        middle = statistics.median(off)
        late = statistics.quantiles([abs(x - middle) for x in off], n=10)[6]
        check(late < 0.25 / RATE * SLOW, f"7 of 10 come within {late * 1e6:.0f} us of their time")
        exact = due_of(done)
        worst = max(abs(at - i * 1e6 / RATE) for i, at in enumerate(exact))
        check(worst < 1, f"due {worst} us off")
        equal(done["mode"], "constant", "mode")
        check(done["lag"]["count"] == RATE * SECONDS, "lag of each request")


def poisson():
    with Timed() as origin:
        flags = ("-R", RATE, "--arrivals", "poisson", "-d", f"{SECONDS}s", "--warm-up", "0s", "-c", 32)
        done = ringload(origin, *flags, "--seed", 7, records=True)
        count = done["requests"]["due"]
        equal(origin.count(), count, "requests that the server saw")
        check(abs(count - RATE * SECONDS) < 6 * (RATE * SECONDS) ** 0.5, f"{count} requests are not the rate")
        for what, gaps in (
            ("the server's", gaps_of(sorted(origin.arrivals))),
            ("due", [gap / 1e6 for gap in gaps_of(due_of(done))]),
        ):
            mean = statistics.mean(gaps)
            check(abs(mean * RATE - 1) < 0.2, f"{what}: mean gap {mean}")
            spread = statistics.pvariance(gaps) / mean**2
            check(0.6 < spread < 1.6 * SLOW, f"{what}: variance is {spread:.2f} times the mean squared")
            beyond = sum(gap > mean for gap in gaps) / len(gaps)
            check(0.30 < beyond < 0.44, f"{what}: {beyond:.3f} of the gaps are above their mean, 1/e are expected")
        again = ringload(origin, *flags, "--seed", 7, records=True)
        equal(due_of(again), due_of(done), "the schedule of the same seed")
        other = ringload(origin, *flags, "--seed", 8, records=True)
        check(due_of(other) != due_of(done), "another seed has the same schedule")


def test():
    constant()
    poisson()


if __name__ == "__main__":
    main(test)
