"""With `slow_start` an upstream that comes back gets to its share step by step; at the start of ringway nobody is slow."""

import time

from harness import Checked, check, equal, forward_to, health_check, main, response, Ringway, SLOW

KEYS = 'balance = "round_robin"\nslow_start = "1s"\n' + health_check(fall=1, rise=1)


def test():
    with Checked("a") as a, Checked("b") as b, Ringway(
        forward_to(a, b, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:
        ringway.wait_state(a, "healthy")
        ringway.wait_state(b, "healthy")

        def share(count):
            before = a.served()
            for _ in range(count):
                equal(client.get("/").status, 200, "status")
            return (a.served() - before) / count

        check(0.4 <= share(60) <= 0.6, "an even share from the start")
        a.verdict = response(500)
        ringway.wait_state(a, "unhealthy")
        a.verdict = response(200)
        ringway.wait_state(a, "healthy")
        back = time.monotonic()
        first = share(60)
        took = time.monotonic() - back
        check(took > 0.4 or first < 0.3, f"its share in the first {took:.3f} s: {first}")
        check(first > 0, "it gets something")
        time.sleep(max(0, 1.1 - (time.monotonic() - back)))
        check(0.4 <= share(60) <= 0.6, "its share in the end")
        check(took < 0.4 * SLOW, f"the first requests took {took:.2f} s")


if __name__ == "__main__":
    main(test)
