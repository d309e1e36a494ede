"""Each upstream is checked by one shard, at its interval, and the upstreams are spread over the shards."""

import time

from harness import Checked, check, equal, forward_to, health_check, main, Ringway, SLOW


def test():
    origins = [Checked(f"o{number}") for number in range(4)]
    keys = health_check(interval="100ms", fast_interval='"100ms"')
    with Ringway(forward_to(*origins, pool_keys=keys), shards="count = 2") as ringway:
        for origin in origins:
            ringway.wait_state(origin, "healthy")
        start = time.monotonic()
        before = [len(origin.checks()) for origin in origins]
        time.sleep(0.8)
        seconds = time.monotonic() - start
        for origin, count in zip(origins, before):
            made = len(origin.checks()) - count
            check(
                3 / SLOW <= made <= seconds / 0.1 + 2, f"checks of {origin.name} in {seconds:.2f} s: {made}"
            )
        shards = [ringway.upstream(origin)["checks"][0]["shard"] for origin in origins]
        equal(sorted(shards), [0, 0, 1, 1], "shards")
    for origin in origins:
        origin.close()


if __name__ == "__main__":
    main(test)
