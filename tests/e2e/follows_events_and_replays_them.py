"""/events as Server-Sent Events: each event as it happens, and after a reconnect what was missed, nothing twice."""

from harness import Controlled, EventStream, check, equal, eventually, forward_to, main, Origin


def test():
    with Origin(name="a") as a, Origin(name="b") as b, Controlled(forward_to(a, b)) as ringway:
        ringway.change("/upstreams/main/a/drain")
        ringway.change("/upstreams/main/a/ready")
        before = eventually(lambda: len(found := ringway.events()) == 2 and found, "two events")
        equal([event["id"] for event in before], [1, 2], "what happened before")
        with EventStream(ringway) as stream:
            equal(stream.head.status, 200, "status")
            equal(stream.head.get("Content-Type"), "text/event-stream", "type")
            equal(stream.block(), {"retry": "1000"}, "how soon to come back")
            ringway.change("/upstreams/main/b/drain")
            event = stream.event()
            equal((event["id"], event["kind"], event["upstream"]), (3, "draining", "b"), "the first one from now on")
            ringway.change("/upstreams/main/b/ready")
            equal(stream.event()["kind"], "recovered", "the next")
        for _ in range(20):
            ringway.change("/upstreams/main/a/maintenance")
            ringway.change("/upstreams/main/a/ready")
        with EventStream(ringway, last_id=4) as stream:
            ids = [stream.event()["id"] for _ in range(10)]
            equal(ids, list(range(5, 15)), "what was missed")
        with EventStream(ringway, "?after=2", last_id=14) as stream:
            ids = [stream.event()["id"] for _ in range(30)]
            equal(ids, list(range(15, 45)), "the id that the client has comes before its query")
            ringway.change("/upstreams/main/a/drain")
            equal(stream.event()["id"], 45, "and it goes on")
        for query, first in (("?after=40", 41), ("?limit=3", 43), ("?after=0&limit=1", 1)):
            with EventStream(ringway, query) as stream:
                equal(stream.event()["id"], first, f"the first event of {query}")
        with EventStream(ringway, last_id=10**6) as stream:
            equal(stream.event()["id"], 1, "an id of an earlier process")
        equal(ringway.page("/events?limit=1")[0]["id"], 45, "an array for who asks for none")
        check(ringway.admin("/events?after=x")[0] == 400, "what is no number")


if __name__ == "__main__":
    main(test)
