"""A pooled connection without a request is closed after idle_timeout; a used one after requests_per_connection_max."""

from harness import equal, eventually, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin, pool_keys='idle_timeout = "300ms"')) as ringway:
        equal(ringway.get("/").status, 200, "status")
        equal(origin.open_connections(), 1, "kept")
        eventually(lambda: origin.open_connections() == 0, "closed when idle")
    with Origin() as origin, Ringway(
        forward_to(origin, pool_keys="requests_per_connection_max = 3")
    ) as ringway, ringway.client() as client:
        for _ in range(9):
            equal(client.get("/").status, 200, "status")
        equal(max(request.number for request in origin.requests), 2, "requests on one connection, from 0")
        equal(len(origin.connections), 3, "connections")


if __name__ == "__main__":
    main(test)
