"""While a connect is overdue a second upstream is dialled, and the first connection carries the request, whatever its method."""

import socket

from harness import check, equal, eventually, forward_to, main, Origin, Ringway, seconds_of, SLOW


class Full:
    """Listens with a full backlog: the kernel drops what else wants to connect."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.listener.getsockname())
            self.fillers.append(filler)


def test():
    full = Full()
    keys = 'balance = "round_robin"\nsuspicion = { enabled = false }\nhedge = { connect_delay_min = "40ms" }'
    with Origin(name="works") as good, Ringway(forward_to(full.address, good, pool_keys=keys)) as ringway:
        slowest = 0
        for _ in range(4):
            seconds, reply = seconds_of(lambda: ringway.client().post("/", b"pay"))
            equal((reply.status, reply.get("X-Origin")), (200, "works"), "answer")
            slowest = max(slowest, seconds)
        check(0.03 < slowest < 0.6 * SLOW, f"the slowest: {slowest:.3f} s")
        equal(good.count(), 4, "sends of 4 POSTs")
        pool = ringway.pool()
        check(pool["connect_hedges"] >= 2, f"connect hedges: {pool['connect_hedges']}")
        equal(pool["connect_hedges_won"], pool["connect_hedges"], "won")
        hedged = [line for line in ringway.access_lines(4) if line["attempts_count"] == 2]
        check(hedged, "hedged requests are in the log")
        equal([one["cause"] for one in hedged[0]["attempts"]], ["outrun", None], "attempts of one")
        equal(hedged[0]["attempts"][0]["upstream"], full.address, "who was late")

    keys = 'balance = "round_robin"\nhedge = { connect_delay_min = "40ms" }'
    with Origin(name="works") as good, Ringway(forward_to(full.address, good, pool_keys=keys)) as ringway:
        for _ in range(4):
            equal(ringway.get("/").get("X-Origin"), "works", "answer")
        found = ringway.wait_state(full.address, "unhealthy")
        equal(found["reason"], "probe_missed", "a late connect is a suspicion too")
        seconds, reply = seconds_of(lambda: ringway.get("/"))
        check(seconds < 0.035 * SLOW, f"the next request goes elsewhere at once: {seconds:.3f} s")


if __name__ == "__main__":
    main(test)
