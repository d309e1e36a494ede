"""--assert: status 0 when all hold, 2 and one line for each that does not, 1 when there was nothing to judge and none failed."""

from loading import Origin, check, equal, free_port, main, response, ringload

HOLD = ["p99<30s", "p99.9 <= 30s", "errors=10", "errors<=10%", "status.200>=90%", "status.503=10", "status.5xx<11"]
HOLD += ["rate>1", "max<30s", "mean<30s", "timed_out=0", "unexpected_status=10", "first_byte.p50<30s"]
FAIL = ["p99<1ns", "errors=0", "errors<9%", "status.200>=99.9%", "status.5xx=0", "rate>100000000", "max<=1us"]


def every_tenth_fails(request):
    return response(503 if request.target.endswith("7") else 200, b"x")


def failed_lines(done):
    return [line for line in done.err.splitlines() if line.startswith("assertion failed:")]


def test():
    with Origin(every_tenth_fails) as origin:

        def run(bounds, status):
            flags = [flag for bound in bounds for flag in ("--assert", bound)]
            return ringload(origin, "-n", 100, "-c", 2, *flags, path="/{n}", status=status)

        done = run(HOLD, 0)
        equal(failed_lines(done), [], "lines of assertions that failed")
        equal([outcome["holds"] for outcome in done["assertions"]], [True] * len(HOLD), "outcomes in the JSON")
        done = run([*HOLD, *FAIL], 2)
        lines = failed_lines(done)
        equal(len(lines), len(FAIL), f"lines of assertions that failed: {lines}")
        for bound, line in zip(FAIL, lines):
            check(line.startswith(f"assertion failed: {bound} ("), f"the line of {bound}: {line}")
        check("errors is 10" in lines[1], f"it says what was found: {lines[1]}")
        for bound in FAIL:
            run([bound], 2)
        run([",".join(HOLD)], 0)
    done = ringload(free_port(), "-n", 5, "-c", 1, "--assert", "errors<100", status=1)
    equal(failed_lines(done), [], "nothing was answered, but no assertion failed")
    done = ringload(free_port(), "-n", 5, "-c", 1, "--assert", "p99<10s", status=2)
    equal(len(failed_lines(done)), 1, "no answers at all are not fast")


if __name__ == "__main__":
    main(test)
