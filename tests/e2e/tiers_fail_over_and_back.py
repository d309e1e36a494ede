"""The lowest tier with a usable upstream serves; when it is gone the next one does, and backups at last. Each change is one
event, and all of it comes back."""

from harness import Checked, equal, eventually, forward_to, health_check, main, response, Ringway, upstream

KEYS = 'balance = "round_robin"\n' + health_check(fall=1, rise=1)


def test():
    up, down = response(200), response(500)
    with Checked("a") as a, Checked("b") as b, Checked("c") as c, Checked("d") as d:
        body = forward_to(
            a, b, upstream(c, "priority = 1"), upstream(d, "priority = 1\nbackup = true"), pool_keys=KEYS
        )
        with Ringway(body, shards="count = 2") as ringway:
            for origin in (a, b, c, d):
                ringway.wait_state(origin, "healthy")

            def serve(count=12):
                return {ringway.get("/").get("X-Origin") for _ in range(count)}

            def told():
                return [
                    event["kind"]
                    for event in ringway.events("failover", "total_failure", "total_recovery", "panic")
                ]

            eventually(lambda: serve() == {"a", "b"}, "the first tier serves")
            start = told()
            a.verdict = down
            ringway.wait_state(a, "unhealthy")
            eventually(lambda: "b" in serve(), "the rest of the tier serves")
            b.verdict = down
            ringway.wait_state(b, "unhealthy")
            equal(serve(), {"c"}, "who serves without the first tier")
            found = ringway.pool()
            equal((found["serving_tier"], found["serving_backup"], found["eligible"]), (1, False, 2), "pool")
            ringway.wait_event("failover")
            c.verdict = down
            ringway.wait_state(c, "unhealthy")
            equal(serve(), {"d"}, "who serves without the second tier")
            equal(ringway.pool()["serving_backup"], True, "backup")
            d.verdict = down
            ringway.wait_event("total_failure")
            equal(ringway.admin("/readyz")[0], 503, "readiness")
            equal(ringway.pool()["serving_tier"], None, "tier without anybody")
            d.verdict = up
            ringway.wait_event("total_recovery")
            a.verdict = up
            ringway.wait_state(a, "healthy")
            equal(serve(), {"a"}, "who serves in the end")
            wanted = ["failover", "failover", "total_failure", "total_recovery", "failover"]
            eventually(lambda: told()[len(start) :] == wanted, f"events {wanted}, not {told()}")


if __name__ == "__main__":
    main(test)
