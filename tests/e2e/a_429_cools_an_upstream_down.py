"""An upstream that answers 429 gets nothing until the time that it named has passed, in whatever form it named it; the
request goes on to the next one."""

import time
from email.utils import formatdate

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway

# name, fields of the 429, how long it cools
CASES = [
    ("seconds", lambda: {"Retry-After": "7"}, 7),
    ("date", lambda: {"Retry-After": formatdate(time.time() + 6, usegmt=True)}, 6),
    ("reset-in", lambda: {"X-RateLimit-Reset": "5"}, 5),
    ("reset-at", lambda: {"X-RateLimit-Reset": str(int(time.time()) + 9)}, 9),
    ("reset-after", lambda: {"X-RateLimit-Reset-After": "3"}, 3),
    ("requests", lambda: {"X-RateLimit-Reset-Requests": "1m30s"}, 90),
    ("ietf", lambda: {"RateLimit-Reset": "4"}, 4),
    ("first", lambda: {"Retry-After": "1", "X-RateLimit-Reset": "50"}, 1),
    ("none", lambda: {}, 2),
]


def test():
    for name, fields, seconds in CASES:

        def limited(_request, fields=fields):
            return response(429, fields=fields())

        with Origin(limited, name="a") as a, Origin(name="b") as b, Ringway(
            forward_to(a, b, pool_keys='balance = "round_robin"')
        ) as ringway, ringway.client() as client:
            for _ in range(10):
                equal(client.post("/").get("X-Origin"), "b", f"{name}: who answers")
            equal(a.count(), 1, f"{name}: requests to the cooling one")
            found = ringway.upstream(a)
            check(
                seconds - 1.6 < found["cooling_seconds"] <= seconds + 0.2,
                f"{name}: cools for {found['cooling_seconds']} s, wanted {seconds}",
            )
            equal((found["state"], found["eligible"]), ("healthy", False), f"{name}: state")
            equal((found["rate_limited"], found["failures"]), (1, 0), f"{name}: counted as")
            ringway.wait_event("rate_limited")
            equal(len(ringway.events("rate_limited")), 1, f"{name}: events")
            equal(ringway.metric("ringway_upstream_cooling", upstream="a"), 1, f"{name}: metric")
            equal(ringway.events("breaker_open", "ejected", "unhealthy", "failover"), [], f"{name}: no storm")
            line = ringway.access_lines(10)
            causes = [attempt["cause"] for one in line for attempt in one["attempts"]]
            equal(causes.count("rate_limited"), 1, f"{name}: in the log")
            if seconds == 1:
                eventually(lambda: ringway.upstream(a)["eligible"], f"{name}: it is back")
                ringway.wait_event("rate_limit_over")
                before = a.count()
                client.get("/"), client.get("/")
                equal(a.count(), before + 1, f"{name}: requests then")


if __name__ == "__main__":
    main(test)
