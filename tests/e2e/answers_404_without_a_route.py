"""A request that no route matches gets 404 on a connection that stays open, and is counted."""

from harness import equal, main, Origin, pool, Ringway


def test():
    with Origin() as origin, Ringway(
        '[[route]]\npath_prefix = "/a"\npool = "p"\n' + pool("p", origin)
    ) as ringway, ringway.client() as client:
        for _ in range(2):
            equal(client.get("/b").status, 404, "status")
            equal(client.post("/b", b"body is drained").status, 404, "status of a request with a body")
            equal(client.get("/a").status, 200, "next request")
        equal(ringway.metric("ringway_refused_total", reason="no_route"), 4, "refusals counted")


if __name__ == "__main__":
    main(test)
