"""top on a real terminal: what its screen shows of shards, pools and upstreams, rates from differences of counters, sorting,
scrolling, pausing, other sizes, and a server that goes away and comes back."""

import re
import threading
import time

from asking import StandIn, check, equal, main, on_a_terminal, ringctl
from asking.stand_in import upstream_page


class Served:
    """A server that does 100 requests a second on its shard, and 10 * n on upstream n."""

    def __init__(self, upstreams=3):
        self.upstreams = upstreams
        self.started = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.started

    def pages(self):
        return {
            "GET /status": lambda: {
                "version": "9.8.7",
                "pid": 4711,
                "uptime_seconds": 7500,
                "phase": "accepting",
                "generation": 3,
            },
            "GET /shards": lambda: [
                {
                    "shard": 0,
                    "cpu": None,
                    "cpu_seconds": self.seconds() / 4,
                    "connections": 12,
                    "exchanges": 5,
                    "requests": int(100 * self.seconds()),
                    "turns": int(1000 * self.seconds()),
                }
            ],
            "GET /pools": lambda: [
                {
                    "name": "api",
                    "upstreams": self.upstreams,
                    "eligible": self.upstreams - 1,
                    "panic": False,
                    "serving_tier": 0,
                    "serving_backup": False,
                    "requests": int(100 * self.seconds()),
                    "no_upstream": 0,
                    "retries": 0,
                    "hedges": 0,
                    "queue": {"length": 2},
                    "latency": {"p50_ms": 1.5, "p99_ms": 20.25},
                }
            ],
            "GET /upstreams": lambda: [
                upstream_page(
                    "api",
                    f"u{n}",
                    state="unhealthy" if n == 1 else "healthy",
                    reason="check_failed" if n == 1 else "none",
                    in_flight=self.upstreams - n,
                    requests=int(10 * n * self.seconds()),
                )
                for n in range(self.upstreams)
            ],
        }


def order(text):
    return [int(n) for n in re.findall(r"^api/u(\d+)", text, re.M)]


def number_behind(text, start, column):
    """The word in a column (by words) of the row that starts so."""
    row = next(line for line in text.splitlines() if line.startswith(start))
    return row.split()[column]


def near(text, wanted, share=0.3):
    """A rate as it is shown, near to what it should be: the machine may stall while it is measured."""
    scaled = float(text.rstrip("kM")) * {"k": 1e3, "M": 1e6}.get(text[-1], 1)
    return abs(scaled - wanted) <= share * wanted


def shows_and_obeys():
    with StandIn(Served().pages()) as server:
        with on_a_terminal("top", "--interval", "300ms", admin=server, columns=120, rows=24) as run:
            text = run.until(lambda t: re.search(r"^api/u2 +healthy +1 +closed +1 +[\d.]+ ", t, re.M), "rates")
            check("ringway 9.8.7  pid 4711  up 2h 05m  accepting  generation 3" in text, text)
            check("12 connections  5 exchanges" in text, text)
            check("api/u1    unhealthy (check_failed)" in text, text)
            check(re.search(r"^api +2/3 +tier 0 ", text, re.M), text)
            run.until(lambda t: near(number_behind(t, "api/u2", 5), 20), "the rate of u2 is 20/s", 20)
            run.until(lambda t: near(t.splitlines()[1].split()[0], 100), "the process does 100/s", 20)
            run.until(lambda t: near(number_behind(t, "    0 ", 2).rstrip("%"), 25), "the shard is busy at 25%", 20)
            equal(order(run.text()), [0, 1, 2], "by name")
            run.press("s")
            text = run.until(lambda t: "sort: requests" in t, "the next order")
            run.until(lambda t: order(t) == [2, 1, 0], "by rate")
            run.press("\x1b[C")
            run.until(lambda t: "sort: in flight" in t and order(t) == [0, 1, 2], "by what is in flight")
            run.press("\x1b[D\x1b[D")
            run.until(lambda t: "sort: name" in t, "back")
            run.press("p")
            frozen = run.until(lambda t: "paused" in t, "paused")
            time.sleep(1)
            equal(run.text(), frozen, "nothing moves")
            run.press("p")
            run.until(lambda t: "paused" not in t and t != frozen, "it goes on")
            run.press("q")
            equal(run.finish(), 0, "exit status")


def scrolls_and_fits_any_size():
    with StandIn(Served(upstreams=60).pages()) as server:
        with on_a_terminal("top", "--interval", "200ms", admin=server, columns=100, rows=24) as run:
            text = run.until(lambda t: "of 60" in t, "a part of the upstreams")
            shown = order(text)
            equal(shown, list(range(len(shown))), "the first ones")
            run.press("\x1b[B\x1b[B")
            run.until(lambda t: order(t)[0] == 2, "two down")
            run.press("\x1b[A")
            run.until(lambda t: order(t)[0] == 1, "one up")
            run.press("\x1b[6~" * 12)
            run.until(lambda t: order(t)[-1] == 59 and len(order(t)) == len(shown), "the end, and no further")
            for columns, rows in ((60, 40), (30, 10), (12, 3), (200, 80)):
                run.size(columns, rows)
                run.until(lambda t: not run.screen.old_frames and "ringway 9" in t, f"{columns} x {rows}")
            run.until(lambda t: len(order(t)) == 60 and "of 60" not in t, "all of them on a large screen")
            run.press("Q")
            equal(run.finish(), 0, "exit status")


def tells_of_a_server_that_is_away():
    served = Served()
    with StandIn(served.pages()) as server:
        with on_a_terminal("top", "--interval", "200ms", admin=server, columns=160) as run:
            run.until(lambda t: "api/u2" in t, "it shows")
            server.__exit__()
            text = run.until(lambda t: "old figures: " in t, "it says that they are old")
            check("api/u2" in text, f"what was known stays: {text}")
            with StandIn(served.pages(), port=server.port):
                run.until(lambda t: "old figures" not in t, "it is back", 20)
                run.press("q")
                equal(run.finish(), 0, "exit status")


def a_hung_server_holds_up_no_key():
    served = Served()
    pages = served.pages()
    gate = threading.Event()
    calls = []

    def hangs():
        calls.append(1)
        if len(calls) > 3:
            gate.wait(30)
        return {"version": "9.8.7", "phase": "accepting"}

    pages["GET /status"] = hangs
    with StandIn(pages) as server, on_a_terminal("top", "--interval", "100ms", admin=server) as run:
        run.until(lambda t: "api/u2" in t and len(calls) > 3, "it shows, then the server hangs")
        run.press("s")
        run.until(lambda t: "sort: requests" in t, "a key is obeyed meanwhile", 2)
        run.press("q")
        equal(run.finish(), 0, "exit status")
        gate.set()


def prints_once():
    with StandIn(Served().pages()) as server:
        done = ringctl("top", "--once", "--interval", "500ms", admin=server)
        equal((done.status, "\x1b" in done.out), (0, False), f"{done}")
        check(near(number_behind(done.out, "api/u2", 5), 20, 0.5), f"its rates: {done}")
        equal(order(done.out), [0, 1, 2], "all of it")
        piped = ringctl("top", admin=server)
        check(piped.status == 2 and "top needs a terminal" in piped.err, f"{piped}")


def test():
    shows_and_obeys()
    scrolls_and_fits_any_size()
    tells_of_a_server_that_is_away()
    a_hung_server_holds_up_no_key()
    prints_once()


if __name__ == "__main__":
    main(test)
