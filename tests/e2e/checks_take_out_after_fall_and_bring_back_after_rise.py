"""`fall` failures of a check in a row take an upstream out, `rise` passes in a row bring it back; less than that does nothing."""

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW

DOWN = response(500, b"", reason="Broken")


def test():
    checks = health_check(interval=f"{60 * SLOW:.0f}ms", fast_interval='"30ms"', fall=3, rise=4)
    keys = f'balance = "round_robin"\n{checks}'
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
        check(len(failed) >= 3, f"{len(failed)} failed checks took it out")
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

        told = []

        def four_in_a_row_at_most(_request):
            number = len(told)  # three good ones, three, then four again and again
            told.append(number not in (3, 7) and (number < 12 or number % 5 != 2))
            return response(200) if told[-1] else DOWN

        a.verdict = four_in_a_row_at_most
        eventually(lambda: len(told) >= 8, "eight more checks")
        early = ringway.events("recovered")
        check(not early or len(told) >= 12, f"back after three passes, twice: {early}")
        back = ringway.wait_event("recovered", upstream="a")
        check(len(told) >= 12, f"{len(told)} checks when it is back")
        check(back["took_ms"] > 0, f"time out: {back['took_ms']}")
        a.verdict = response(200)
        eventually(lambda: client.get("/").get("X-Origin") == "a", "it serves again")
        failures = 2 + len(failed) + told.count(False)
        eventually(
            lambda: ringway.metric("ringway_upstream_checks_total", upstream="a", result="failed")
            == failures,
            f"{failures} failed checks in the metrics",
        )


if __name__ == "__main__":
    main(test)
