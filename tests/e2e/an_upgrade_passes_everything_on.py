"""SIGUSR2: a new process has the listeners, the admin socket, the pid file, what was known of upstreams and the numbers of
events; the old one serves its connections, tells kept ones to close, and ends."""

import datetime
import os
import threading

from harness import check, Checked, Dynasty, equal, eventually, forward_to, health_check, main, response, SLOW


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def listening_inodes(port):
    """The open sockets that listen on a port of 127.0.0.1. What waits in their queues is lost when one is not passed on."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return {row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == "0A"}


def test():
    release = threading.Event()

    def answer(request):
        if request.target == "/slow":
            release.wait(20 * SLOW)
        return response(200, b"done")

    with Checked("good", answer=answer) as good, Checked("bad", answer=answer) as bad:
        bad.verdict = response(500)
        with Dynasty(
            forward_to(good, bad, pool_keys=health_check(fall=1, rise=1)),
            shards="count = 2",
            graceful_timeout="20s",
            more_listeners='[[listener]]\nname = "second"\naddress = "unix:@ringway-upgrade-%d"' % os.getpid(),
        ) as ringway:
            out = ringway.wait_state(bad, "unhealthy")
            first_events = ringway.events()
            kept = [ringway.client() for _ in range(6)]
            for client in kept:
                equal(client.get("/").body, b"done", "before")
            slow = ringway.client()
            slow.ask("GET", "/slow")
            eventually(lambda: good.last().target == "/slow" or good.served() == 7, "it is at the origin")

            sockets = listening_inodes(ringway.port)
            equal(len(sockets), 2, "listening sockets, one a shard")
            ringway.upgrade()
            first = ringway.past[0]
            equal(listening_inodes(ringway.port), sockets, "the same open sockets")
            check(ringway.pid != first, "another process")
            after = ringway.upstream(bad)
            equal(after["state"], "unhealthy", "known without another check")
            check(abs(moment(after["since"]) - moment(out["since"])) < 0.1, f"since {after['since']}")
            equal(ringway.get("/").body, b"done", "a new connection")
            for number, client in enumerate(kept):
                reply = client.get("/")
                equal((reply.status, reply.get("Connection")), (200, "close"), f"kept connection {number}")
            bad.verdict = response(200)
            ringway.wait_state(bad, "healthy")
            events = ringway.events(after=first_events[-1]["id"])
            check(events[0]["id"] == first_events[-1]["id"] + 1, f"ids go on: {events[0]}")

            check(ringway.status_of(first) is None, "the old one still serves a request")
            release.set()
            equal(slow.reply().body, b"done", "a request that had begun")
            ringway.wait_past()
            ringway.upgrade()
            equal(ringway.get("/").body, b"done", "and once more")


if __name__ == "__main__":
    main(test)
