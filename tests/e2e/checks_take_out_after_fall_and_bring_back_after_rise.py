"""`fall` failures of a check in a row take an upstream out, `rise` passes in a row bring it back; less than that does nothing."""

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway

DOWN = response(500, b"", reason="Broken")


def test():
    keys = 'balance = "round_robin"\n' + health_check(interval="60ms", fast_interval='"30ms"', fall=3, rise=4)
    with Checked("a") as a, Checked("b") as b, Ringway(
        forward_to(a, b, pool_keys=keys)
    ) as ringway, ringway.client() as client:
        ringway.wait_state(a, "healthy")
        ringway.wait_state(b, "healthy")
        eventually(lambda: len(ringway.events("healthy")) == 2, "two first verdicts")

        failing = iter([DOWN, DOWN])  # two and then good again
        a.verdict = lambda _request: next(failing, response(200))
        before = len(a.checks())
        eventually(lambda: len(a.checks()) >= before + 5, "five more checks")
        equal(ringway.events("unhealthy"), [], "transitions after two failures")

        failed = []

        def fail(request):
            failed.append(request)
            return DOWN

        a.verdict = fail
        out = ringway.wait_event("unhealthy", upstream="a")
        check(3 <= len(failed) <= 4, f"{len(failed)} failed checks took it out")
        equal(out["reason"], "check_failed", "reason")
        equal((out["from"], out["to"]), ("healthy", "unhealthy"), "transition")
        check("500" in out["evidence"] and "3 in a row" in out["evidence"], f"evidence: {out['evidence']}")
        check(out["took_ms"] >= 2 * 25, f"two pauses of the fast interval, at least: {out['took_ms']} ms")
        state = ringway.upstream(a)
        equal(state["eligible"], False, "eligible")
        equal(state["checks"][0]["last"]["end"], "bad_status", "its last check")
        equal(state["checks"][0]["last"]["status"], 500, "its status")
        equal(state["checks"][0]["layers"]["http"]["ok"], False, "layer http")
        equal(state["checks"][0]["layers"]["network"]["ok"], True, "layer network")
        served = a.served()
        for _ in range(10):
            equal(client.get("/").get("X-Origin"), "b", "who answers")
        equal(a.served(), served, "requests while it is out")

        passed = []

        def alternate(request):
            passed.append(request)
            return DOWN if len(passed) == 4 else response(200)  # three good ones are not enough

        a.verdict = alternate
        eventually(lambda: len(passed) >= 7, "seven more checks")
        equal(ringway.events("recovered"), [], "transitions after three passes, twice")
        back = ringway.wait_event("recovered", upstream="a")
        check(8 <= len(passed) <= 9, f"{len(passed) - 4} passes brought it back")
        check(back["took_ms"] > 0, f"time out: {back['took_ms']}")
        eventually(lambda: client.get("/").get("X-Origin") == "a", "it serves again")
        equal(
            ringway.metric("ringway_upstream_checks_total", upstream="a", result="failed"),
            2 + len(failed) + 1,
            "failed checks",
        )


if __name__ == "__main__":
    main(test)
