"""An upstream that is stopped accepts connections and says nothing: a request overdue has it probed, a missed probe takes it
out, and what waits for it moves on. It is back once it goes on."""

import time

from harness import check, equal, eventually, forward_to, Load, main, Program, Ringway, SLOW

KEYS = """
[[pool.health.check]]
path = "/health"
interval = "200ms"
timeout = "200ms"
fall = 100
"""  # so the check alone would never find it in this time


def test():
    with Program("a") as a, Program("b") as b, Program("c") as c, Ringway(
        forward_to(a, b, c, pool_keys=KEYS), shards="count = 2"
    ) as ringway, Load(ringway) as load:
        load.more(1000)
        for origin in (a, b, c):
            ringway.wait_state(origin, "healthy")
        stopped = time.monotonic()
        a.pause()
        out = ringway.wait_state(a, "unhealthy", 2)
        equal(out["reason"], "probe_missed", "reason")
        found = time.monotonic()
        check(found - stopped < 0.6 * SLOW, f"out after {found - stopped:.2f} s")
        after = load.more(300)
        equal({answer.origin for answer in after}, {"b", "c"}, "who answers now")
        equal(load.failed(), [], "failed requests")
        # overdue at 50 ms, or 3 x p99, and a probe of 10 ms and more
        worst = max(load.since(stopped - 0.1), key=lambda answer: answer.seconds)
        check(0.03 < worst.seconds < 0.5 * SLOW, f"the slowest answer: {worst}")
        check(ringway.pool()["moved"] >= 1, "waiting requests moved")
        moved = [
            attempt
            for line in ringway.access_lines(400)
            for attempt in line["attempts"]
            if attempt["cause"] == "upstream_out"
        ]
        check(moved, "moved requests are in the access log")
        equal({attempt["upstream"] for attempt in moved}, {"a"}, "from whom")

        a.resume()
        ringway.wait_state(a, "healthy", 3)
        eventually(lambda: any(answer.origin == "a" for answer in load.more(20)), "a serves again")
        equal(len(ringway.events("unhealthy")), 1, "transitions")
        equal(load.failed(), [], "failed requests in the end")


if __name__ == "__main__":
    main(test)
