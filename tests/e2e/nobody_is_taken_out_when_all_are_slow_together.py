"""When every upstream stalls at the same time the cause is elsewhere: missed probes take out the first at most, and what
waits is answered when it passes."""

import time

from harness import check, equal, forward_to, health_check, Load, main, Program, Ringway

KEYS = "suspicion = { max_out_percent = 100 }\n" + health_check(interval="500ms", timeout='"500ms"', fall=100)


def test():
    with Program("a") as a, Program("b") as b, Program("c") as c, Ringway(
        forward_to(a, b, c, pool_keys=KEYS)
    ) as ringway, Load(ringway) as load:
        load.more(1000)
        for origin in (a, b, c):
            ringway.wait_state(origin, "healthy")
        for origin in (a, b, c):
            origin.pause()
        time.sleep(0.4)
        eligible = ringway.pool()["eligible"]
        for origin in (a, b, c):
            origin.resume()
        check(eligible >= 2, f"upstreams left while all are silent: {eligible}")
        equal(ringway.events("total_failure"), [], "total failures")
        load.more(200)
        equal(load.failed(), [], "failed requests")
        for origin in (a, b, c):
            ringway.wait_state(origin, "healthy")


if __name__ == "__main__":
    main(test)
