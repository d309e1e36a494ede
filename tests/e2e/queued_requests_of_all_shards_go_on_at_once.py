"""Requests that wait in the queues of several shards are all sent the moment that one of them learns that an upstream is
back."""

import time

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW

KEYS = health_check(fall=1, rise=1) + '[pool.queue]\nwait_max = "5s"\n'


def test():
    with Checked("a") as a, Ringway(forward_to(a, pool_keys=KEYS), shards="count = 2") as ringway:
        ringway.wait_state(a, "healthy")
        for _ in range(3):
            a.verdict = response(500)
            ringway.wait_state(a, "unhealthy")
            served = a.served()
            clients = [ringway.client() for _ in range(24)]
            for client in clients:
                client.ask("GET", "/")
            eventually(lambda: ringway.pool()["queue"]["length"] == 24, "all wait")
            equal(a.served(), served, "requests sent to who is out")
            a.verdict = response(200)
            ringway.wait_state(a, "healthy")
            back = time.monotonic()
            equal({client.reply().status for client in clients}, {200}, "answers")
            check(time.monotonic() - back < 0.3 * SLOW, f"after {time.monotonic() - back:.3f} s")
            for client in clients:
                client.close()
        by_shard = [ringway.metric("ringway_shard_exchanges_total", shard=str(shard)) for shard in range(2)]
        check(min(by_shard) >= 12, f"requests by shard: {by_shard}")
        equal(ringway.pool()["queue"]["timeouts"], 0, "time-outs")


if __name__ == "__main__":
    main(test)
