"""Whichever shards see a failure, however many requests it hits: one transition, one event."""

from harness import check, equal, eventually, forward_to, Load, main, Program, Ringway

KEYS = """
balance = "round_robin"
[pool.breaker]
failure_threshold = 5
recovery_timeout = "60s"
[pool.outlier]
ejection_time = "60s"
[pool.retry]
budget_per_second = 10000
"""


def test():
    with Program("a") as a, Program("b") as b, Program("c") as c:
        with Ringway(forward_to(a, b, c, pool_keys=KEYS), shards="count = 4") as ringway, Load(
            ringway, 32, 0
        ) as load:
            load.more(500)
            a.control("mode=fail&status=503&health=same")
            ringway.wait_event("breaker_open")
            b.control("mode=429&retry_after=60")
            ringway.wait_event("rate_limited")
            after = load.more(500)
            equal({answer.origin for answer in after}, {"c"}, "who answers then")
            equal(load.failed(), [], "failed requests")
            c.kill()
            ringway.wait_event("total_failure")
            eventually(lambda: len(ringway.events("unhealthy")) == 1, "the third is out")
            told = sorted((event["upstream"] or "", event["kind"]) for event in ringway.events())
            equal(len(told), len(set(told)), f"each transition is told once: {told}")
            check({("a", "breaker_open"), ("b", "rate_limited"), ("c", "unhealthy")} <= set(told), f"{told}")
            versions = [event["version"] for event in ringway.events()]
            equal(versions, sorted(versions), "events in the order of views")
            ids = [event["id"] for event in ringway.events()]
            equal(ids, list(range(1, len(ids) + 1)), "ids")
            equal(ringway.metric("ringway_events_lost_total"), 0, "events lost")


if __name__ == "__main__":
    main(test)
