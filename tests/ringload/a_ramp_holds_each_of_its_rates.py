"""--ramp: each rate is held for --step, with exactly its requests; the steps of the result say what came of them."""

from loading import Timed, check, equal, main, ringload

RATES = [100, 300, 200]


def faults_of_one_run():
    """What a machine that stalls may bring about; what it may not is checked."""
    with Timed() as origin:
        done = ringload(origin, "--ramp", ",".join(map(str, RATES)), "--step", "1s", "--warm-up", "300ms", "-c", 8)
        equal(done["requests"]["due"], sum(RATES), "due")
        equal(origin.count(), 30 + sum(RATES), "requests that the server saw, the warm-up at the first rate included")
        equal([step["rate"] for step in done["steps"]], RATES, "rates of the steps")
        begin = sorted(origin.arrivals)[0] + 0.3
        faults = []
        for i, rate in enumerate(RATES):
            came = sum(begin + i <= at < begin + i + 1 for at in origin.arrivals)
            step = done["steps"][i]
            if abs(came - rate) > 0.15 * rate:
                faults.append(f"{came} requests came while {rate}/s were asked for")
            if abs(step["duration_s"] - 1) >= 0.1:
                faults.append(f"the step lasted {step['duration_s']} s")
            if abs(step["answered_rate"] - rate) > 0.15 * rate:
                faults.append(f"answered {step['answered_rate']} of {rate}/s")
        return faults


def test():
    runs = []
    while len(runs) < 4 and (not runs or runs[-1]):
        runs.append(faults_of_one_run())
    check(not runs[-1], f"in none of {len(runs)} runs: {runs}")
    with Timed() as origin:
        done = ringload(origin, "--ramp", "50:150:50", "--step", "200ms", "--warm-up", "0s", "-c", 2)
        equal([step["rate"] for step in done["steps"]], [50, 100, 150], "rates of 50:150:50")
        equal(origin.count(), 10 + 20 + 30, "requests that the server saw")


if __name__ == "__main__":
    main(test)
