"""Ctrl-C ends a run at once with the figures so far; before anything was measured with status 130; a second signal leaves."""

import fcntl
import signal
import sys
import termios
import time

from loading import Origin, Running, SLOW, Timed, answer_quickly, check, equal, eventually, main


def in_the_middle():
    for flags in ((), ("-R", 200), ("-n", 1000000, "-R", 200)):
        with Timed() as origin, Running(origin, "-d", "30s", "--warm-up", "0s", "-c", 4, *flags) as run:
            eventually(lambda: origin.count() > 100, "requests come")
            time.sleep(0.5)
            run.interrupt()
            asked = time.monotonic()
            done = run.finish()
            took = time.monotonic() - asked
            check(took < 1 * SLOW, f"it took {took:.2f} s to end")
            equal(done.status, 0, f"exit status; it said {done.err}")
            equal(done["interrupted"], True, "interrupted")
            check(0.4 < done["measured_s"] < 5 * SLOW, f"measured {done['measured_s']} s")
            due = done["requests"]["due"]
            check(origin.count() <= due, f"{due} due, the server saw {origin.count()}")
            check(done["requests"]["unfinished"] <= 4 + due - origin.count(), f"{done['requests']}")
            check(done["requests"]["answered"] >= 100, "answered")
            check("latency" in done.out and "p99" in done.out, f"the report:\n{done.out}")


def assertions_are_judged():
    with Timed() as origin, Running(origin, "-d", "30s", "--warm-up", "0s", "--assert", "errors>0") as run:
        eventually(lambda: origin.count() > 10, "requests come")
        time.sleep(0.2)
        run.interrupt()
        equal(run.finish().status, 2, "exit status with an assertion that failed")


def before_anything():
    with Timed() as origin, Running(origin, "-d", "5s", "--warm-up", "20s") as run:
        eventually(lambda: origin.count() > 10, "it warms up")
        run.interrupt()
        done = run.finish()
        equal(done.status, 130, f"exit status; it said {done.err}")
        equal(done["requests"]["due"], 0, "due")
        equal(done["measured_s"], 0, "measured_s")
        equal(done["rate"], 0, "rate")
        equal(done["series"], [], "series")


def waits_for_nothing():
    """An origin that never answers does not hold it; what it was asked for is unfinished."""

    def say_nothing(request):
        request.connection.wait_peer_left(20)

    with Origin(say_nothing) as origin:
        with Running(origin, "-d", "300ms", "--warm-up", "0s", "-c", 3, "--timeout", "20s") as run:
            eventually(lambda: origin.count() == 3, "requests come")
            time.sleep(0.6)  # the measured time is over, and it waits for the answers
            run.interrupt()
            done = run.finish(3)
            equal(done["requests"]["unfinished"], 3, "unfinished")
            equal(done["requests"]["due"], 3, "due")


def unread(pipe):
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def twice():
    with Origin(answer_quickly) as origin, Running(origin, "-d", "30s", "--csv", "-", "--interval", "20ms") as run:
        time.sleep(3)  # a line each 20 ms
        eventually(lambda: origin.count() > 1000, "requests come")
        # nobody reads the report, which does not fit: the first signal alone does not end it
        fcntl.fcntl(run.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        run.interrupt()
        eventually(lambda: unread(run.process.stdout) >= 4096, "the first signal is taken: the report fills the pipe")
        time.sleep(0.3)  # sooner, it would be taken for the echo that a shell makes of the first
        check(run.process.poll() is None, "waits for a reader")
        run.process.send_signal(signal.SIGTERM)
        equal(run.process.wait(5 * SLOW), 143, "exit status after a second signal")


def test():
    in_the_middle()
    assertions_are_judged()
    before_anything()
    waits_for_nothing()
    twice()


if __name__ == "__main__":
    main(test)
