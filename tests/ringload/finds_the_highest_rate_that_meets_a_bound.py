"""--find-max: four connections to an origin that takes 20 ms for each answer make 200 a second, and this is what is found."""

from loading import Program, check, equal, main, ringload

CAPACITY = 4 / 0.020
PRECISION = 0.1


def test():
    with Program("a", "--latency", "20ms") as origin:
        flags = ("-c", 4, "--step", "1500ms", "--warm-up", "200ms", "-R", 60, "--precision", "10%")
        done = ringload(origin, "--find-max", "p99<120ms", *flags, seconds=55)
        found = done["find_max"]
        equal(found["bound"], "p99<120ms", "bound")
        # 8 % more than it can do are 120 ms behind after a step
        check(0.6 * CAPACITY <= found["rate"] <= 1.1 * CAPACITY, f"found {found}")
        check(found["rate"] < found["next_failed"] <= found["rate"] * (1 + PRECISION) + 0.01, f"precision: {found}")
        met = [step["rate"] for step in done["steps"] if step["met"]]
        failed = [step["rate"] for step in done["steps"] if not step["met"]]
        equal(max(met), found["rate"], "highest rate that met the bound")
        for rate in set(failed):
            check(failed.count(rate) == 2 or rate in met, f"a rate that fails is tried twice: {done['steps']}")
        equal(done["steps"][0]["rate"], 60, "the first rate")
        for step in done["steps"]:
            if step["rate"] > 1.5 * CAPACITY:
                check(step["answered_rate"] < 1.1 * CAPACITY, f"more answers than it can give: {step}")
        check(done["latency"]["p99_ms"] < 120, "the result is that of the best rate")
        check(f"{found['rate']:.4g}"[:3] in done.out, f"the report says it:\n{done.out}")


if __name__ == "__main__":
    main(test)
