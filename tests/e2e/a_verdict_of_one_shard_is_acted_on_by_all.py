"""A verdict that one shard forms is acted on by the others at once: requests that wait there move on, none are sent to who is
out, and there is one event for it."""

import threading
import time

from harness import (
    check,
    Checked,
    Client,
    equal,
    eventually,
    forward_to,
    health_check,
    main,
    response,
    Ringway,
    SLOW,
)

KEYS = 'balance = "round_robin"\n' + health_check(interval="100ms", timeout='"100ms"', fall=100)


def test():
    stuck, never = threading.Event(), threading.Event()

    def answer(_request):
        if stuck.is_set():
            never.wait(20 * SLOW)  # as silent as a process that is stopped
        return response(200, b"", {"X-Origin": "a"})

    with Checked("a", verdict=answer, answer=answer) as a, Checked("b") as b, Ringway(
        forward_to(a, b, pool_keys=KEYS), shards="count = 2"
    ) as ringway:
        ringway.wait_state(a, "healthy")
        ringway.wait_state(b, "healthy")
        clients = [Client(ringway.port) for _ in range(24)]
        for client in clients * 8:  # so that either shard knows its pace
            equal(client.get("/").status, 200, "status")
        by_shard = [ringway.metric("ringway_shard_exchanges_total", shard=str(shard)) for shard in range(2)]
        check(min(by_shard) >= 24, f"requests by shard: {by_shard}")
        stuck.set()
        for client in clients:
            client.ask("GET", "/")
        ringway.wait_state(a, "unhealthy")
        out = time.monotonic()
        replies = [client.reply() for client in clients]
        seconds = time.monotonic() - out
        equal({reply.status for reply in replies}, {200}, "answers")
        check(seconds < 0.3 * SLOW, f"those that waited were answered {seconds:.3f} s after the verdict")
        eventually(lambda: ringway.metric("ringway_shard_exchanges_active") == 0, "all is done")
        served = a.served()
        for client in clients:
            equal(client.get("/").get("X-Origin"), "b", "who answers then")
        equal(a.served(), served, "requests to who is out, of either shard")
        ringway.wait_event("unhealthy")
        equal(len(ringway.events("unhealthy")), 1, "events")
        equal(ringway.metric("ringway_events_total", kind="unhealthy"), 1, "events in the metrics")
        moved = [line for line in ringway.access_lines(240) if line["attempts_count"] == 2]
        check(len(moved) >= 8, f"{len(moved)} requests moved")
        equal({line["attempts"][0]["cause"] for line in moved}, {"upstream_out"}, "why")
        never.set()
        for client in clients:
            client.close()


if __name__ == "__main__":
    main(test)
