"""A breaker opens after failures in a row, lets a few trials through when its time has passed, opens again for twice as long
when one fails, and closes when they succeed."""

import threading
import time

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway, SLOW

KEYS = """
balance = "round_robin"
[pool.breaker]
failure_threshold = 3
recovery_timeout = "300ms"
recovery_max = "2s"
max_trial_requests = 2
success_threshold = 2
[pool.outlier]
enabled = false
"""


def test():
    bad = response(503, b"", {"X-Origin": "a"}, reason="Service Unavailable")
    good = response(200, b"", {"X-Origin": "a"})
    told, hold = bad, threading.Event()
    hold.set()

    def answer(_request):
        hold.wait(10 * SLOW)
        return told

    with Origin(answer, name="a") as a, Origin(name="b") as b, Ringway(
        forward_to(a, b, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:

        def breaker():
            return ringway.upstream(a)["breaker"]

        def ask(count):
            for _ in range(count):
                equal(client.get("/").get("X-Origin"), "b", "who answers")

        ask(12)
        equal(a.count(), 3, "requests until it opened")
        equal(ringway.wait_event("breaker_open")["reason"], "consecutive_failures", "reason")
        first = breaker()
        equal((first["phase"], first["openings"]), ("open", 1), "breaker")
        check(0 < first["until_seconds"] <= 0.3, f"open for {first['until_seconds']} s")
        check("3 requests failed in a row" in ringway.events("breaker_open")[0]["evidence"], "evidence")

        eventually(lambda: breaker()["phase"] == "half_open", "half open")
        ask(6)  # a trial that fails
        equal(a.count(), 4, "requests until it opened again")
        second = breaker()
        equal((second["phase"], second["openings"]), ("open", 2), "breaker after a failed trial")
        check(0.3 < second["until_seconds"] <= 0.6, f"open for {second['until_seconds']} s")

        told = good
        hold.clear()
        eventually(lambda: breaker()["phase"] == "half_open", "half open again")
        held = []
        for _ in range(6):
            held.append(ringway.client())
            held[-1].ask("GET", "/")
        eventually(lambda: a.count() == 6, "two trials arrive")
        time.sleep(0.1)
        equal(a.count(), 6, "requests let through while half open")
        equal(ringway.upstream(a)["eligible"], False, "eligible with all trials taken")
        hold.set()
        equal([one.reply().status for one in held], [200] * 6, "answers")
        for one in held:
            one.close()
        eventually(lambda: breaker()["phase"] == "closed", "closed")
        equal(breaker()["openings"], 0, "openings in a row")
        ringway.wait_event("breaker_closed")
        equal({client.get("/").get("X-Origin") for _ in range(4)}, {"a", "b"}, "who serves in the end")
        kinds = [event["kind"] for event in ringway.events() if event["upstream"] == "a"]
        wanted = ["breaker_open", "breaker_half_open", "breaker_open", "breaker_half_open", "breaker_closed"]
        equal(kinds, wanted, "events")
        equal(ringway.metric("ringway_upstream_breaker_phase", upstream="a", phase="closed"), 1, "metric")
        equal(ringway.events("total_failure", "failover"), [], "events of the pool")


if __name__ == "__main__":
    main(test)
