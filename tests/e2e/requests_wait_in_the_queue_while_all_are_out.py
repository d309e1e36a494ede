"""While every upstream is out requests wait, in order, and are sent the moment that one is back; one event tells of it."""

import time

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW

KEYS = health_check(fall=1, rise=1) + '[pool.queue]\nlength_max = 8\nwait_max = "5s"\n'


def test():
    arrived = []

    def note(request):
        arrived.append(request.target)
        return response(200)

    with Checked("a", answer=note) as a, Checked("b", answer=note) as b, Ringway(
        forward_to(a, b, pool_keys=KEYS), shards="count = 1"
    ) as ringway:
        a.verdict = b.verdict = response(500)
        ringway.wait_event("total_failure")
        clients = []
        for number in range(8):
            clients.append(ringway.client())
            clients[-1].ask("GET", f"/{number}")
            eventually(lambda wanted=number + 1: ringway.pool()["queue"]["length"] == wanted, "it is queued")
        equal(arrived, [], "requests that were sent")
        beyond = ringway.get("/beyond")
        equal(beyond.status, 503, "beyond the bound")
        check(int(beyond.get("Retry-After")) >= 1, "Retry-After")
        equal(ringway.metric("ringway_pool_queue_full_total"), 1, "metric")
        equal(ringway.metric("ringway_pool_queue_length"), 8, "metric of the length")
        time.sleep(0.1)

        b.verdict = response(200)
        ringway.wait_state(b, "healthy")
        back = time.monotonic()
        equal([one.reply().status for one in clients], [200] * 8, "answers")
        check(time.monotonic() - back < 0.5 * SLOW, "they are served at once")
        equal(sorted(arrived), [f"/{number}" for number in range(8)], "what was sent, once each")
        equal(b.served(), 8, "by whom")
        pool = ringway.pool()
        equal((pool["queue"]["queued"], pool["queue"]["timeouts"], pool["queue"]["full"]), (8, 0, 1), "queue")
        equal((pool["queue"]["length"], pool["queue"]["wait"]["count"]), (0, 8), "queue in the end")
        for line in ringway.access_lines(9):
            if line["status"] == 200:
                check(line["queue_ms"] >= 50, f"queue time: {line}")
                check(line["total_ms"] >= line["queue_ms"], f"total time: {line}")
                equal(line["attempts_count"], 1, "sends")
        equal(len(ringway.events("total_failure")), 1, "total failures")
        eventually(lambda: len(ringway.events("total_recovery")) == 1, "one total recovery")
        for one in clients:
            one.close()


if __name__ == "__main__":
    main(test)
