"""`idle_connections_min` connections to each upstream are opened before a request needs them, and again when it comes back."""

from harness import (
    Checked,
    check,
    equal,
    eventually,
    forward_to,
    health_check,
    main,
    Origin,
    response,
    Ringway,
)


def test():
    with Origin(name="a") as a, Ringway(
        forward_to(a, pool_keys="idle_connections_min = 3"), shards="count = 1"
    ) as ringway, ringway.client() as client:
        eventually(lambda: a.open_connections() == 3, "three connections")
        for _ in range(5):
            equal(client.get("/").status, 200, "status")
        check(3 <= a.open_connections() <= 4, f"connections after requests: {a.open_connections()}")
        equal(ringway.access_lines(5)[0]["reused"], True, "the first request needs no connect")

    keys = "idle_connections_min = 2\n" + health_check(fall=1, rise=1, keep_alive="false")
    with Checked("a") as a, Checked("b") as b, Ringway(forward_to(a, b, pool_keys=keys)) as ringway:
        ringway.wait_state(a, "healthy")
        a.verdict = response(500)
        ringway.wait_state(a, "unhealthy")
        a.close_connections()
        a.verdict = response(200)
        ringway.wait_state(a, "healthy")
        eventually(lambda: ringway.upstream(a)["connections_idle"] >= 2, "connections to who came back")
        check(ringway.get("/").status == 200, "it serves")


if __name__ == "__main__":
    main(test)
