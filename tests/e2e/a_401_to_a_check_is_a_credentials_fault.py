"""401 and 403 to a check are a fault of credentials: told once, shown, and no outage."""

from harness import (
    Checked,
    check,
    equal,
    eventually,
    forward_to,
    health_check,
    main,
    response,
    Ringway,
    upstream,
)


def test():
    keys = health_check(fall=1)
    with Checked("a") as a, Checked("b") as b:
        body = forward_to(upstream(a, 'headers = { "X-Api-Key" = { env = "KEY" } }'), b, pool_keys=keys)
        with Ringway(body, environment={"KEY": "revoked"}) as ringway:
            ringway.wait_state(a, "healthy")
            for status in (401, 403):
                after = len(ringway.events())
                a.verdict = response(status)
                told = ringway.wait_event("credentials_refused", after=after)
                equal((told["upstream"], told["severity"]), ("a", "critical"), "of whom, and how bad")
                check(str(status) in told["evidence"], f"evidence: {told['evidence']}")
                before = len(a.checks())
                eventually(lambda: len(a.checks()) > before + 3, "more such checks")
                equal(len(ringway.events("credentials_refused", after=after)), 1, "told")
                found = ringway.upstream(a)
                equal((found["state"], found["eligible"]), ("healthy", True), "its state")
                equal(found["credentials_fault"], True, "its fault")
                equal(ringway.metric("ringway_upstream_credentials_fault", upstream="a"), 1, "the metric")
                a.verdict = response(200)
                ringway.wait_event("credentials_accepted", after=after)
                equal(ringway.upstream(a)["credentials_fault"], False, "its fault afterwards")
            equal(ringway.events("unhealthy"), [], "outages")
            check("revoked" not in ringway.stderr(), "the key is not logged")


if __name__ == "__main__":
    main(test)
