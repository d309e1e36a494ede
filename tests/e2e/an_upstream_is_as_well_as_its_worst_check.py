"""With several checks, one that fails takes an upstream out, and all must pass to bring it back."""

from harness import Checked, equal, eventually, forward_to, health_check, main, response, Ringway


def test():
    bad = set()

    def by_path(request):
        return response(500 if request.target in bad else 200)

    keys = health_check("/live", fall=1, rise=1) + health_check("/ready", fall=1, rise=1)
    keys += health_check("/off", enabled="false")
    with Checked("a", verdict=by_path) as a, Checked("b") as b, Ringway(
        forward_to(a, b, pool_keys=keys)
    ) as ringway:
        found = ringway.wait_state(a, "healthy")
        equal([one["name"] for one in found["checks"]], ["http /live", "http /ready"], "its checks")
        bad.add("/ready")
        ringway.wait_state(a, "unhealthy")
        bad.add("/live")
        eventually(lambda: ringway.upstream(a)["checks"][0]["failures_in_row"] > 0, "the other fails too")
        bad.remove("/ready")
        eventually(lambda: ringway.upstream(a)["checks"][1]["successes_in_row"] > 2, "one passes again")
        equal(ringway.upstream(a)["state"], "unhealthy", "with one that fails still")
        bad.clear()
        ringway.wait_state(a, "healthy")
        equal({request.target for request in a.checks()}, {"/live", "/ready"}, "paths asked for")


if __name__ == "__main__":
    main(test)
