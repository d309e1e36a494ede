"""A request that waited `wait_max` for an upstream gets 503 with Retry-After; so does one at once where there is no queue."""

from harness import Checked, check, equal, forward_to, health_check, main, response, Ringway, seconds_of, SLOW


def test():
    down = health_check(fall=1)
    with Checked("a", verdict=response(500)) as a:
        keys = down + '[pool.queue]\nwait_max = "200ms"\n'
        with Ringway(forward_to(a, pool_keys=keys), ready="/healthz") as ringway:
            ringway.wait_event("total_failure")
            seconds, reply = seconds_of(lambda: ringway.get("/"))
            equal(reply.status, 503, "status")
            check(int(reply.get("Retry-After")) >= 1, "Retry-After")
            check(0.2 <= seconds < 0.2 + 0.3 * SLOW, f"after {seconds:.3f} s")
            equal(ringway.metric("ringway_pool_queue_timeouts_total"), 1, "metric")
            line = ringway.access_lines()[0]
            equal(
                (line["refusal"], line["attempts_count"], line["attempts"]), ("no_upstream", 0, []), "the log"
            )
            check(200 <= line["queue_ms"] < 200 + 300 * SLOW, f"queue time {line['queue_ms']}")
            # a client that leaves the queue takes its place with it
            client = ringway.client()
            client.ask("GET", "/")
            client.reset()
            seconds, reply = seconds_of(lambda: ringway.get("/"))
            equal((reply.status, ringway.pool()["queue"]["length"]), (503, 0), "status and queue afterwards")
            equal(ringway.get("/").status, 503, "status")
            equal(len(ringway.events("total_failure")), 1, "total failures")
        keys = down + "[pool.queue]\nlength_max = 0\n"
        with Ringway(forward_to(a, pool_keys=keys), ready="/healthz") as ringway:
            ringway.wait_event("total_failure")
            seconds, reply = seconds_of(lambda: ringway.get("/"))
            equal(reply.status, 503, "status without a queue")
            check(int(reply.get("Retry-After")) >= 1, "Retry-After")
            check(seconds < 0.15 * SLOW, f"after {seconds:.3f} s")
            equal(a.served(), 0, "requests sent to who is out")


if __name__ == "__main__":
    main(test)
