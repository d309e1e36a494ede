"""An upstream that is drained by hand gets no new request, finishes those under way, closes its connections, and stays so
whatever its checks say, until it is made ready."""

import threading

from harness import Checked, check, Controlled, equal, eventually, forward_to, health_check, main, response


def test():
    release = threading.Event()

    def answer(request):
        if request.target == "/slow":
            release.wait(20)
        name = request.connection.origin.name
        return response(200, name, [("X-Origin", name)])

    keys = "idle_connections_min = 2\n" + health_check(fall=1, rise=1) + '\n[pool.affinity]\ncookie = "sid"\n'
    with Checked("a", answer=answer) as a, Checked("b", answer=answer) as b:
        with Controlled(forward_to(a, b, pool_keys=keys), shards="count = 2") as ringway:
            ringway.wait_state(a, "healthy")
            ringway.wait_state(b, "healthy")
            cookie = stuck_to(ringway, "a")
            equal(ringway.get("/", Cookie=cookie).get("X-Origin"), "a", "a session of a")
            slow = ringway.client()
            slow.ask("GET", "/slow", [("Cookie", cookie)])
            eventually(lambda: ringway.upstream(a)["in_flight"] == 1, "the slow request is at a")
            eventually(lambda: ringway.upstream(a)["connections_idle"] > 1, "a has idle connections")

            shown = ringway.change("/upstreams/main/a/drain")
            equal((shown["state"], shown["reason"], shown["set_by_hand"]), ("draining", "by_hand", ["state"]), "a")
            eventually(lambda: ringway.upstream(a)["connections_idle"] == 0, "idle connections are closed")
            left = ringway.page("/drain")
            equal(left["draining"], False, "the process does not drain")
            equal([(one["name"], one["in_flight"]) for one in left["upstreams"]], [("a", 1)], "progress")
            for number in range(30):
                fields = {"Cookie": cookie} if number % 2 else {}
                equal(ringway.get("/", **fields).get("X-Origin"), "b", "who answers new requests")
            eventually(lambda: a.checks() and ringway.upstream(a)["checks"][0]["successes_in_row"] > 2, "checks go on")
            equal(ringway.upstream(a)["state"], "draining", "state after passed checks")

            release.set()
            reply = slow.reply()
            equal((reply.status, reply.get("X-Origin")), (200, "a"), "the slow request is finished by a")
            slow.close()
            done = eventually(
                lambda: (found := ringway.upstream(a))["in_flight"] == found["connections"] == 0, "nothing is left at a"
            )
            check(done, "a is idle")
            equal(ringway.page("/drain")["upstreams"][0]["connections"], 0, "connections left")

            a.verdict = response(500)
            eventually(lambda: ringway.upstream(a)["checks"][0]["failures_in_row"] > 1, "checks fail")
            equal(ringway.upstream(a)["state"], "draining", "state after failed checks")
            a.verdict = response(200)
            ringway.change("/upstreams/main/a/maintenance")
            equal(ringway.upstream(a)["state"], "maintenance", "state")
            shown = ringway.change("/upstreams/main/a/ready")
            equal((shown["state"], shown["set_by_hand"]), ("healthy", []), "ready")
            equal(ringway.page("/drain")["upstreams"], [], "nothing drains")
            eventually(lambda: stuck_to(ringway, "a"), "a gets requests again")
            kinds = [event["kind"] for event in ringway.events(reason="by_hand", upstream="a")]
            equal(kinds, ["draining", "maintenance", "recovered"], "events")


def stuck_to(ringway, name):
    """The cookie of a session on that upstream."""
    for _ in range(50):
        reply = ringway.get("/")
        if reply.get("X-Origin") == name:
            return reply.get("Set-Cookie").partition(";")[0]
    return None


if __name__ == "__main__":
    main(test)
