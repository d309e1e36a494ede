"""An origin that is asked for twice what it can do answers the rest afterwards: that is latency, not rate."""

from loading import Program, check, equal, main, ringload


def test():
    with Program("a", "--latency", "20ms") as origin:
        done = ringload(origin, "-c", 4, "-R", 400, "-d", "1s", "--warm-up", "0s")
        equal(done["requests"]["answered"], 400, "answered in the end")
        check(done["rate"] < 215, f"4 connections at 20 ms make 200 a second, not {done['rate']}")
        check(done["rate"] > 60, f"rate {done['rate']}")
        check(done["latency"]["max_ms"] > 900, f"the last ones wait for a second: {done['latency']['max_ms']} ms")
        check(done["uncorrected"]["p50_ms"] < 200, f"but not since they were sent: {done['uncorrected']['p50_ms']} ms")
        equal(done["measured_s"], 1, "measured_s")


if __name__ == "__main__":
    main(test)
