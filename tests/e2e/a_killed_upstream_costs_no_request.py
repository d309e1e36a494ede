"""An upstream that is killed under load costs no request; it is out at once and back when it listens again."""

import time

from harness import check, equal, eventually, forward_to, Load, main, Program, Ringway, SLOW

# Without an active check: failures and the probe that follows them are enough.


def test():
    with Program("a") as a, Program("b") as b, Program("c") as c, Ringway(
        forward_to(a, b, c), shards="count = 2"
    ) as ringway, Load(ringway) as load:
        load.more(300)
        killed = time.monotonic()
        a.kill()
        ringway.wait_state(a, "unhealthy", 1)
        detected = time.monotonic()
        check(detected - killed < 0.5 * SLOW, f"out after {detected - killed:.2f} s")
        after = load.more(300)
        equal(load.failed(), [], "failed requests")
        equal({answer.origin for answer in after}, {"b", "c"}, "who answers now")
        worst = max(load.since(killed - 0.1), key=lambda answer: answer.seconds)
        check(worst.seconds < 0.25 * SLOW, f"the slowest answer: {worst}")
        equal(len(ringway.events("unhealthy")), 1, "events of one transition seen by two shards")
        equal(ringway.events("unhealthy")[0]["reason"], "probe_refused", "reason")
        equal(ringway.metric("ringway_pool_time_to_detect_seconds_count", pool="main"), 1, "detections")

        a.start()
        ringway.wait_state(a, "healthy", 4)
        eventually(lambda: any(answer.origin == "a" for answer in load.more(20)), "a serves again")
        recovered = ringway.wait_event("recovered")
        check(recovered["took_ms"] > 1000 * (detected - killed), f"time out: {recovered}")
        equal(ringway.metric("ringway_pool_time_to_recover_seconds_count", pool="main"), 1, "recoveries")
        equal(load.failed(), [], "failed requests in the end")
        equal(ringway.events("total_failure", "panic", "failover"), [], "events of the pool")


if __name__ == "__main__":
    main(test)
