"""A check that is answered 429 changes nothing, and is made again when Retry-After has passed, else after 2 s."""

import time

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW


def test():
    times = []
    told = {"Retry-After": "1"}

    def limited(_request):
        times.append(time.monotonic())
        return response(429, fields=told)

    with Checked() as origin, Ringway(forward_to(origin, pool_keys=health_check(fall=1))) as ringway:
        ringway.wait_state(origin, "healthy")
        origin.verdict = limited
        eventually(lambda: len(times) == 1, "a check")
        equal(ringway.get("/").status, 200, "a request meanwhile")
        eventually(lambda: len(times) == 2, "the next one")
        told = {}
        check(1.0 <= times[1] - times[0] < 1 + 0.5 * SLOW, f"asked again after {times[1] - times[0]:.2f} s")
        eventually(lambda: len(times) == 3, "the one after that")
        eventually(lambda: len(times) == 4, "and one without Retry-After")
        check(2.0 <= times[3] - times[2] < 2 + 0.5 * SLOW, f"asked again after {times[3] - times[2]:.2f} s")
        found = ringway.upstream(origin)
        equal((found["state"], found["eligible"]), ("healthy", True), "its state")
        equal(found["checks"][0]["failed"], 0, "failed checks")
        check(found["checks"][0]["rate_limited"] >= 3, "rate limited checks")
        equal(found["cooling_seconds"], None, "its requests are not cooled down by that")
        equal(ringway.events("unhealthy", "rate_limited"), [], "events")


if __name__ == "__main__":
    main(test)
