"""An upstream that accepts and says nothing within first_byte_timeout: 504, or the next upstream for a repeatable request."""

from harness import check, equal, eventually, forward_to, Hangup, main, Origin, Ringway, seconds_of, SLOW


def test():
    def stalls(request):
        request.connection.wait_peer_left(20 * SLOW)
        raise Hangup

    keys = 'first_byte_timeout = "400ms"\nbalance = "round_robin"\n'
    with Origin(stalls, name="stalls") as origin, Ringway(
        forward_to(origin, pool_keys=keys + "retry = { attempts_max = 1 }")
    ) as ringway:
        seconds, reply = seconds_of(lambda: ringway.get("/"))
        equal(reply.status, 504, "status")
        check(0.3 < seconds < 0.4 + 1.5 * SLOW, f"after {seconds:.2f} s")
        eventually(lambda: origin.open_connections() == 0, "the upstream request is cancelled")
        equal(ringway.metric("ringway_upstream_timeouts_total"), 1, "counted")
    with Origin(stalls, name="stalls") as origin, Origin(name="works") as good, Ringway(
        forward_to(origin, good, pool_keys=keys)
    ) as ringway, ringway.client() as client:
        for _ in range(2):
            equal(client.get("/").get("X-Origin"), "works", "repeatable request")
        statuses = sorted(client.post("/", b"x").status for _ in range(2))
        equal(statuses, [200, 504], "a POST that was sent is not repeated")


if __name__ == "__main__":
    main(test)
