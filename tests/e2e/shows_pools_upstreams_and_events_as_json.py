"""/upstreams, /upstreams/POOL/NAME, /pools, /breakers and /events show what docs/admin.md says, member for member."""

import re
from pathlib import Path

from harness import Checked, check, equal, eventually, health_check, main, pool, response, Ringway, upstream

UPSTREAM = set(
    """pool name addresses state reason set_by_hand weight_by_hand since time_in_state eligible weight_config weight tier backup breaker ejected
    cooling_seconds credentials_fault agent_percent in_flight requests failures rate_limited credentials_refused connections
    connections_idle probes latency checks""".split()
)
CHECK = set(
    """name shard total ok failed rate_limited credentials failures_in_row successes_in_row ewma_ms p95_ms last
    layers""".split()
)
POOL = set(
    """name upstreams eligible panic serving_tier serving_backup requests no_upstream all_rate_limited retries
    retries_exhausted moved hedges hedges_won connect_hedges connect_hedges_won queue latency time_to_detect
    time_to_recover""".split()
)
EVENT = set("id time kind severity pool upstream reason from to took_ms evidence shard version".split())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def test():
    docs = (Path(__file__).parents[2] / "docs/admin.md").read_text()
    for member in UPSTREAM | CHECK | POOL | EVENT:
        check(f"`{member}`" in docs, f"docs/admin.md has {member}")
    keys = health_check(fall=1, rise=1)
    with Checked("a") as a, Checked("b/1") as b:
        body = '[[route]]\npool = "the/pool"\n' + pool(
            "the/pool", upstream(a, "weight = 3\npriority = 2"), upstream(b, "backup = true"), extra=keys
        )
        with Ringway(body) as ringway:
            eventually(lambda: ringway.pool("the/pool")["eligible"] == 2, "both are up")
            for _ in range(5):
                equal(ringway.get("/").status, 200, "status")
            found = ringway.page("/upstreams")
            equal([one["name"] for one in found], ["a", "b/1"], "order")
            for one in found:
                equal(set(one), UPSTREAM, "members of an upstream")
                equal(set(one["checks"][0]), CHECK, "members of a check")
            first = found[0]
            equal(
                (first["pool"], first["addresses"], first["weight_config"], first["weight"], first["tier"]),
                ("the/pool", [a.address], 3, 3, 2),
                "what it is",
            )
            equal((first["requests"], first["failures"], first["in_flight"]), (5, 0, 0), "its traffic")
            equal(found[1]["backup"], True, "backup")
            check(TIME.match(first["since"]), f"since {first['since']}")
            check(0 < first["time_in_state"]["healthy"] < 60, "time in state")
            check(first["latency"]["p50_ms"] > 0, "latency")
            checked = first["checks"][0]
            check(checked["total"] == checked["ok"] + checked["failed"] > 0, f"counts of checks: {checked}")
            check(checked["ewma_ms"] > 0 and checked["p95_ms"] > 0, "latency of checks")
            equal(checked["last"]["status"], 200, "last status")
            equal(checked["layers"]["http"]["ok"], True, "layer http")
            equal(checked["layers"]["content"], None, "layer content, without a rule")
            equal(ringway.page("/upstreams/the%2Fpool/b/1")["name"], "b/1", "one upstream")
            equal(ringway.admin("/upstreams/the%2Fpool/c")[0], 404, "an unknown one")
            equal(ringway.admin("/upstreams/other/a")[0], 404, "one of an unknown pool")
            breaker = ringway.page("/breakers")[0]
            equal((breaker["upstream"], breaker["breaker"]["phase"]), ("a", "closed"), "a breaker")

            start = len(ringway.events("failover"))  # a backup that is up first serves first
            a.verdict = response(500)
            eventually(lambda: len(ringway.events("failover")) == start + 1, "a failover")
            a.verdict = response(200)
            ringway.wait_event("recovered")
            shown = ringway.pool("the/pool")
            equal(set(shown), POOL, "members of a pool")
            equal((shown["requests"], shown["time_to_detect"]["count"]), (5, 1), "counts of the pool")
            eventually(lambda: ringway.pool("the/pool")["time_to_recover"]["count"] == 1, "recoveries")
            eventually(lambda: len(ringway.events("failover")) == start + 2, "there and back")
            events = ringway.events()
            for event in events:
                equal(set(event), EVENT, "members of an event")
                check(TIME.match(event["time"]), f"time {event['time']}")
            equal([event["id"] for event in events], list(range(1, len(events) + 1)), "ids")
            equal(ringway.events(after=events[2]["id"]), events[3:], "events after one")
            equal(ringway.page("/events?after=2&limit=2"), events[2:4], "some events after one")
            equal(ringway.page("/events?limit=1"), events[-1:], "the last one")
            equal(ringway.page(f"/events?after={len(events)}"), [], "events after the last")
            equal(ringway.admin("/events?after=x")[0], 400, "what is no number")
            out = next(event for event in events if event["kind"] == "unhealthy")
            equal((out["pool"], out["upstream"], out["reason"]), ("the/pool", "a", "check_failed"), "event")
            over = next(event for event in events if event["kind"] == "failover")
            equal(over["upstream"], None, "a failover is of the whole pool")
            log = ringway.stderr()
            check(log.count("unhealthy (check_failed)") == 1, "each event is a line of the log, once")

            page = ringway.admin("/metrics")[1]
            for name in ("time_to_detect", "time_to_recover"):
                check(
                    f'ringway_pool_{name}_seconds_count{{pool="the/pool"}} 1' in page, f"{name} in /metrics"
                )
                check(f"# TYPE ringway_pool_{name}_seconds histogram" in page, f"type of {name}")


if __name__ == "__main__":
    main(test)
