"""The first check comes after `initial_delay`; then one each `interval`, and each `fast_interval` while a verdict is turning."""

import time

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW


def test():
    times = []

    def note(_request):
        times.append(time.monotonic())
        return answer

    answer = response(200)
    keys = health_check(
        interval="400ms", fast_interval='"40ms"', timeout='"40ms"', initial_delay='"300ms"', fall=4
    )
    with Checked(verdict=note) as origin:
        started = time.monotonic()
        with Ringway(forward_to(origin, pool_keys=keys)) as ringway:
            equal(ringway.upstream(origin)["state"], "unknown", "before the first check")
            eventually(lambda: len(times) >= 2, "two checks")
            check(times[0] - started >= 0.3, f"the first check came after {times[0] - started:.3f} s")
            pause = times[1] - times[0]
            check(0.35 < pause < 0.4 + 0.2 * SLOW, f"pause of a settled verdict: {pause:.3f} s")
            answer = response(500)
            before = len(times)
            ringway.wait_state(origin, "unhealthy")
            turning = times[before:][:4]
            for earlier, later in zip(turning, turning[1:]):
                check(0.03 < later - earlier < 0.3 * SLOW, f"pause while turning: {later - earlier:.3f} s")
            down = len(times)
            time.sleep(0.2 * SLOW)
            check(len(times) - down >= 2, "a check comes often while it is down")


if __name__ == "__main__":
    main(test)
