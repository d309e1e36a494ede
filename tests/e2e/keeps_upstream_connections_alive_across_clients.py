"""Clients that come one after another share one warm upstream connection."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway:
        for _ in range(10):
            equal(ringway.get("/").status, 200, "status")
        equal(origin.used_connections(), 1, "connections at the origin")
        equal(origin.last().number, 9, "requests on it before the last one")
        check(origin.last().get("Connection") in (None, "keep-alive"), "the upstream connection is kept open")


if __name__ == "__main__":
    main(test)
