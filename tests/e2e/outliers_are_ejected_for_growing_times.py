"""Failures in a row eject an upstream, each time for longer; no more of the pool than allowed is ejected at a time."""

from harness import SLOW, check, equal, eventually, forward_to, main, Origin, response, Ringway

SECONDS = 0.6 * SLOW  # of the first ejection, within which the rest of the scene happens
KEYS = f"""
balance = "round_robin"
[pool.outlier]
consecutive = 3
ejection_time = "{SECONDS * 1000:.0f}ms"
ejection_max = "30s"
max_ejected_percent = 25
[pool.breaker]
enabled = false
[pool.retry]
budget_percent = 100
budget_per_second = 1000
"""


def test():
    failing = {"a"}

    def origin(name):
        def answer(_request):
            return response(503 if name in failing else 200, b"", {"X-Origin": name})

        return Origin(answer, name=name)

    with origin("a") as a, origin("b") as b, origin("c") as c, origin("d") as d, Ringway(
        forward_to(a, b, c, d, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:

        def ask(count):
            for _ in range(count):
                equal(client.get("/").status, 200, "status")

        ask(30)
        equal(a.count(), 3, "requests until it was ejected")
        event = ringway.wait_event("ejected")
        equal((event["upstream"], event["reason"]), ("a", "consecutive_failures"), "of whom, and why")
        ejected = ringway.upstream(a)["ejected"]
        equal((ejected["for"], ejected["in_row"]), ("consecutive_failures", 1), "ejected")
        check(0 < ejected["seconds"] <= SECONDS, f"for {ejected['seconds']} s")
        failing.add("b")
        ask(30)
        equal(ringway.upstream(b)["ejected"], None, "ejected beyond the bound")
        failing.discard("b")
        eventually(lambda: ringway.events("readmitted"), "the first is taken back")
        ask(30)
        ejected = ringway.upstream(a)["ejected"]
        equal(ejected["in_row"], 2, "ejections in a row")
        check(SECONDS < ejected["seconds"] <= 2 * SECONDS, f"for {ejected['seconds']} s")
        equal(a.count(), 6, "requests until then")
        failing.clear()
        eventually(lambda: len(ringway.events("readmitted")) == 2, "it is taken back again")
        ask(30)
        check(a.count() > 9, "it serves again")
        equal(ringway.upstream(a)["ejected"], None, "ejected")


if __name__ == "__main__":
    main(test)
