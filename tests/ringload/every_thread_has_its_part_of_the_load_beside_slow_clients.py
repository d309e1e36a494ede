"""Slow clients are dealt out to the threads apart: no thread is left without connections that carry its part of the requests."""

from loading import Timed, check, equal, main, ringload


def test():
    with Timed() as origin:
        flags = ("--slow-readers", "50%", "--read-rate", "1B/s", "-t", 2, "-c", 4)
        done = ringload(origin, "-n", 100, *flags, seconds=10)
        equal(done["requests"]["answered"], 100, "answered")
        done = ringload(origin, "-R", 200, "-d", "1s", "--warm-up", "0s", "--timeout", "5s", *flags)
        equal(done["requests"]["answered"], 200, "answered in an open loop")
        equal(done["requests"]["errors"], 0, "errors")
        done = ringload(origin, "-n", 10, "-t", 4, "-c", 4, "--slow-readers", "50%", seconds=10)
        equal(done["requests"]["answered"], 10, "answered with more threads than brisk connections")
        equal(done["threads"], 2, "threads that there were")
        for flags in (("-n", 10), ("-R", 10)):
            done = ringload(origin, *flags, "--slow-readers", "100%", "-c", 4, status=1, seconds=10)
            check("all of the 4 connections are slow" in done.err, f"{flags}: {done.err}")


if __name__ == "__main__":
    main(test)
