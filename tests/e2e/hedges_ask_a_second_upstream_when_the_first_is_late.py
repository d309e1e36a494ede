"""A repeatable request that waits longer than a quantile of its upstream's latency is sent to a second one too: the first
answer wins, the other request is cancelled. A POST is not, nor more than the share that is allowed."""

import threading

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway, SLOW

KEYS = """
balance = "round_robin"
suspicion = { enabled = false }
outlier = { latency_factor = 0 }
[pool.hedge]
quantile = 0.9
delay_min = "30ms"
percent_max = 10
"""


def test():
    hold = threading.Event()
    hold.set()
    cancelled = []

    def origin(name):
        def answer(request):
            if request.target == "/late" and not hold.is_set():
                hold.set()  # only the first of them is late
                cancelled.append(request.connection.wait_peer_left(5 * SLOW))
                return None
            if request.target == "/both":
                hold.wait(5 * SLOW)
            return response(200, b"", {"X-Origin": name})

        return Origin(answer, name=name)

    with origin("a") as a, origin("b") as b, Ringway(
        forward_to(a, b, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:
        for _ in range(60):
            equal(client.get("/").status, 200, "status")
        for number in range(3):
            hold.clear()
            before = a.count() + b.count()
            equal(client.get("/late").status, 200, "status of a late one")
            equal(a.count() + b.count() - before, 2, "sends")
            eventually(lambda: len(cancelled) == number + 1, "the loser's connection ends")
        equal(cancelled, [True] * 3, "cancelled")
        pool = ringway.pool()
        equal((pool["hedges"], pool["hedges_won"]), (3, 3), "hedges and wins")
        equal(pool["retries"], 0, "retries")
        line = ringway.access_lines(63)[60]
        equal([attempt["cause"] for attempt in line["attempts"]], ["outrun", None], "attempts in the log")
        equal(len({attempt["upstream"] for attempt in line["attempts"]}), 2, "upstreams")
        check(25 <= line["total_ms"] < 500 * SLOW, f"time: {line['total_ms']} ms")

        hold.clear()
        before = a.count() + b.count()
        client.ask("POST", "/both", body=b"pay")
        check(client.silent_for(0.15), "a POST waits")
        equal(a.count() + b.count() - before, 1, "sends of a POST")
        hold.set()
        equal(client.reply().status, 200, "its answer")

        hold.clear()
        many = [ringway.client() for _ in range(20)]
        for one in many:
            one.ask("GET", "/both")
        eventually(lambda: ringway.pool()["hedges"] > 3, "hedges")
        check(client.silent_for(0.1), "nobody asked")
        hold.set()
        equal({one.reply().status for one in many}, {200}, "answers")
        for one in many:
            one.close()
        pool = ringway.pool()
        check(
            pool["hedges"] <= pool["requests"] * 0.1,
            f"{pool['hedges']} hedges of {pool['requests']} requests",
        )


if __name__ == "__main__":
    main(test)
