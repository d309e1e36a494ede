"""An idle connection that the origin closes is dropped at once, before a request is put on it: even a POST never meets it."""

from harness import equal, eventually, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for number in range(10):
            equal(client.post("/", b"not repeatable").status, 200, f"status {number}")
            origin.close_connections()
            eventually(
                lambda: ringway.metric("ringway_upstream_connections_idle") == 0,
                "the idle connection is gone",
            )
        equal(len(origin.connections), 10, "connections at the origin")
        equal(ringway.metric("ringway_upstream_idle_closed_total"), 10, "closed idle connections are counted")
        equal(ringway.metric("ringway_pool_retries_total"), 0, "retries")


if __name__ == "__main__":
    main(test)
