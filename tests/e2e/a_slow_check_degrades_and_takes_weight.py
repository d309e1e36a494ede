"""An upstream whose check is answered later than `expected_latency` is degraded: it gets less traffic, and all of it when it
is fast again."""

import time

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway


def test():
    slow = True

    def late(_request):
        if slow:
            time.sleep(0.06)
        return response(200)

    keys = 'balance = "round_robin"\n' + health_check(
        interval="100ms", fast_interval='"80ms"', expected_latency='"40ms"', rise=2
    )
    with Checked("a", verdict=late) as a, Checked("b") as b, Ringway(
        forward_to(a, b, pool_keys=keys)
    ) as ringway, ringway.client() as client:
        found = ringway.wait_state(a, "degraded")
        equal(found["reason"], "check_slow", "reason")
        equal(found["eligible"], True, "eligible")
        ringway.wait_state(b, "healthy")
        other = ringway.upstream(b)
        check(other["weight"] == 4 * found["weight"], f"weights {found['weight']} and {other['weight']}")
        for _ in range(50):
            client.get("/")
        check(8 <= a.served() <= 12, f"{a.served()} of 50 requests went to the degraded one")
        slow = False
        ringway.wait_state(a, "healthy")
        equal(ringway.wait_event("recovered")["from"], "degraded", "from")
        before = a.served()
        for _ in range(50):
            client.get("/")
        check(24 <= a.served() - before <= 26, f"{a.served() - before} of 50 when it is fast again")
        eventually(lambda: ringway.upstream(a)["time_in_state"]["degraded"] > 0, "time in state")


if __name__ == "__main__":
    main(test)
