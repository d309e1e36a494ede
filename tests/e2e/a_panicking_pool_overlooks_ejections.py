"""When too little of a pool is left, ejected upstreams are used again: a bad answer now and then is better than none."""

from harness import equal, eventually, forward_to, main, Origin, response, Ringway

KEYS = """
balance = "round_robin"
health = { panic_percent = 60 }
[pool.outlier]
consecutive = 3
ejection_time = "600ms"
max_ejected_percent = 100
[pool.breaker]
enabled = false
[pool.retry]
budget_percent = 100
"""


def test():
    failing = True

    def answer(_request):
        return response(503 if failing else 200, b"", {"X-Origin": "a"})

    with Origin(answer, name="a") as a, Origin(name="b") as b, Ringway(
        forward_to(a, b, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:
        for _ in range(12):
            equal(client.get("/").status, 200, "status")
        ringway.wait_event("panic")
        equal(ringway.pool()["panic"], True, "panic")
        equal(ringway.metric("ringway_pool_panic", pool="main"), 1, "metric")
        found = ringway.upstream(a)
        equal((found["eligible"], found["ejected"] is not None), (True, True), "eligible and ejected")
        failing = False
        equal({client.get("/").get("X-Origin") for _ in range(6)}, {"a", "b"}, "who serves")
        ringway.wait_event("panic_over")
        equal(ringway.pool()["panic"], False, "panic afterwards")
        equal(len(ringway.events("panic")), 1, "panics")
        eventually(lambda: ringway.upstream(a)["ejected"] is None, "the ejection is over")


if __name__ == "__main__":
    main(test)
