"""drain --wait ends when the upstream has nothing in flight, or when its time is over; with --all when the process has gone."""

import time

from asking import Running, StandIn, check, equal, eventually, main, on_a_terminal, ringctl
from asking.stand_in import upstream_page


class Draining:
    """An upstream whose requests end when the test says so."""

    def __init__(self):
        self.in_flight = 2
        self.state = "healthy"

    def drain(self):
        self.state = "draining"
        return {"state": "draining"}

    def page(self):
        return upstream_page("api", "a", state=self.state, in_flight=self.in_flight)


def pages(one):
    return {
        "GET /upstreams": lambda: [one.page()],
        "GET /upstreams/api/a": one.page,
        "POST /upstreams/api/a/drain": one.drain,
    }


def waits_for_its_end(words):
    one = Draining()
    with StandIn(pages(one)) as server, Running("drain", "a", *words, admin=server) as run:
        eventually(lambda: "api/a: draining, 2 in flight" in run.err, "progress")
        one.in_flight = 1
        eventually(lambda: "api/a: draining, 1 in flight" in run.err, "progress")
        time.sleep(0.8)  # some looks later
        equal(run.process.poll(), None, "it waits")
        one.in_flight = 0
        equal(run.finish(), 0, "exit status")
        equal(run.out, ["api/a: drained, nothing in flight"], "its last word")


def ends_in_time():
    with StandIn(pages(Draining())) as server:
        done = ringctl("drain", "a", "--wait=300ms", admin=server)
        equal(done.status, 1, f"{done}")
        check("api/a goes on draining, with 2 requests still in flight" in done.err, f"{done}")


def tells_when_somebody_else_made_it_ready():
    one = Draining()
    with StandIn(pages(one)) as server, Running("drain", "a", "--wait", admin=server) as run:
        eventually(lambda: run.err, "progress")
        one.state = "healthy"
        equal(run.finish(), 1, "exit status")
        check("api/a is not draining any more: it is healthy" in run.err[-1], f"{run.err}")


def waits_for_the_process():
    left = {"draining": True, "connections": 5, "exchanges": 4, "streams": 1, "tunnels": 0, "seconds_left": 7.5}
    with StandIn({"POST /drain": left, "GET /drain": lambda: left}) as server:
        with Running("drain", "--all", "--wait", admin=server) as run:
            eventually(lambda: run.err, "progress")
            equal(
                run.err[0],
                "draining: 5 connections, 4 exchanges, 1 stream, 0 tunnels left, cut in 7.5 s",
                "progress",
            )
            server.__exit__()
            equal(run.finish(), 0, "exit status when the process has gone")
            equal(run.out, ["drained: the process has ended"], "its last word")


def draws_over_a_terminal():
    one = Draining()
    with StandIn(pages(one)) as server, on_a_terminal("drain", "a", "--wait", admin=server) as run:
        run.until(lambda text: "draining, 2 in flight" in text, "progress")
        one.in_flight = 1
        text = run.until(lambda text: "draining, 1 in flight" in text, "progress")
        check("2 in flight" not in text, f"drawn over: {text}")
        one.in_flight = 0
        text = run.until(lambda text: "drained" in text, "its end")
        check("draining" not in text, f"the progress is gone: {text}")
        equal(run.finish(), 0, "exit status")


def test():
    waits_for_its_end(["--wait"])
    waits_for_its_end(["--wait=60s"])
    ends_in_time()
    tells_when_somebody_else_made_it_ready()
    waits_for_the_process()
    draws_over_a_terminal()


if __name__ == "__main__":
    main(test)
