"""The admin listener serves /healthz, /readyz and /metrics, and its numbers agree with the traffic."""

from harness import check, equal, eventually, forward_to, main, Origin, Ringway


def test():
    with Origin(name="one") as origin, Ringway(forward_to(origin)) as ringway:
        equal(ringway.admin("/healthz")[0], 200, "/healthz")
        equal(ringway.admin("/readyz")[0], 200, "/readyz")
        equal(ringway.admin("/nothing")[0], 404, "an unknown path")
        for _ in range(7):
            ringway.get("/")
        for name, labels, wanted in (
            ("ringway_upstream_requests_total", {"upstream": "one"}, 7),
            ("ringway_pool_requests_total", {"pool": "main"}, 7),
            ("ringway_listener_requests_total", {"listener": "main"}, 7),
            ("ringway_route_responses_total", {"route": "all"}, 7),
            ("ringway_pool_request_duration_seconds_count", {"pool": "main"}, 7),
            ("ringway_listener_connections_accepted_total", {"listener": "main"}, 7),
        ):
            eventually(
                lambda name=name, labels=labels, wanted=wanted: ringway.metric(name, **labels) == wanted,
                f"{name} is {wanted}",
            )
        status, text = ringway.admin("/metrics")
        equal(status, 200, "/metrics")
        check("# TYPE ringway_pool_requests_total counter" in text, "types are given")


if __name__ == "__main__":
    main(test)
