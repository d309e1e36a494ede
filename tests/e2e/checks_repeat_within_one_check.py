"""`retries` are made within one check, with a growing pause, before it counts as failed."""

import time

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway


def test():
    times = []
    failures = 2

    def note(_request):
        times.append(time.monotonic())
        return response(500) if len(times) <= failures else response(200)

    keys = health_check(interval="600ms", fast_interval='"600ms"', fall=1, retries=2, retry_delay='"40ms"')
    with Checked(verdict=note) as origin, Ringway(forward_to(origin, pool_keys=keys)) as ringway:
        found = ringway.wait_state(origin, "healthy")
        equal(len(times), 3, "tries of the first check")
        check(0.04 <= times[1] - times[0] < 0.3, f"the first pause: {times[1] - times[0]:.3f} s")
        check(0.08 <= times[2] - times[1] < 0.4, f"the second: {times[2] - times[1]:.3f} s")
        equal((found["checks"][0]["total"], found["checks"][0]["failed"]), (1, 0), "checks counted")
        failures = 100
        found = ringway.wait_state(origin, "unhealthy")
        equal(len(times), 6, "tries when all fail")
        equal((found["checks"][0]["total"], found["checks"][0]["failed"]), (2, 1), "checks counted then")
        eventually(lambda: len(times) > 6, "it is checked on")


if __name__ == "__main__":
    main(test)
