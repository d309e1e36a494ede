"""An upstream where nobody listens is out after its first refused connect and the probe that follows; requests see nothing of
it, and it is back as soon as a probe is accepted."""

import time

from harness import check, equal, eventually, forward_to, free_port, main, Origin, Ringway, SLOW


def test():
    port = free_port()
    dead = f"127.0.0.1:{port}"
    with Origin(name="works") as good, Ringway(
        forward_to(dead, good, pool_keys='balance = "round_robin"'), shards="count = 2"
    ) as ringway:
        start = time.monotonic()
        for _ in range(20):
            reply = ringway.get("/")
            equal((reply.status, reply.get("X-Origin")), (200, "works"), "answer")
        check(time.monotonic() - start < 0.5 * SLOW, "no request waits")
        found = ringway.upstream(dead)
        equal((found["state"], found["reason"]), ("unhealthy", "probe_refused"), "state")
        check(1 <= found["requests"] <= 4, f"requests sent to it: {found['requests']}")
        event = ringway.wait_event("unhealthy")
        check("connection refused" in event["evidence"], f"evidence: {event['evidence']}")
        check(0 <= event["took_ms"] < 100 * SLOW, f"time to detect: {event['took_ms']} ms")
        with Origin(name="back", port=port):
            ringway.wait_state(dead, "healthy", 3)
            eventually(lambda: ringway.get("/").get("X-Origin") == "back", "it serves")
        equal(good.count() >= 20, True, "requests of the other one")
        equal(len(ringway.events("recovered")), 1, "recoveries")


if __name__ == "__main__":
    main(test)
