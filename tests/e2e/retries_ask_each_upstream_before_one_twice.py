"""A request is never sent to the same upstream twice while another is left; then after a back-off."""

import re

from harness import check, equal, forward_to, main, Origin, response, Ringway, seconds_of

QUIET = """
suspicion = { enabled = false }
breaker = { enabled = false }
outlier = { enabled = false }
"""


def test():
    def resets(request):
        request.connection.reset()

    def busy(_request):
        return response(503, b"busy")

    keys = (
        QUIET
        + "[pool.retry]\nattempts_max = 5\nbackoff_min = '80ms'\nbackoff_max = '120ms'\nbudget_per_second = 1000"
    )
    with Origin(resets, name="a") as a, Origin(resets, name="b") as b, Origin(resets, name="c") as c, Ringway(
        forward_to(a, b, c, pool_keys=keys)
    ) as ringway:
        for number in range(3):
            seconds, reply = seconds_of(lambda: ringway.get("/"))
            equal(reply.status, 502, "status")
            line = ringway.access_lines(number + 1)[number]
            names = [attempt["upstream"] for attempt in line["attempts"]]
            equal(len(names), 5, f"sends: {line}")
            equal(set(names[:3]), {"a", "b", "c"}, "each is asked first")
            equal({attempt["cause"] for attempt in line["attempts"]}, {"closed_early"}, "causes")
            check(seconds >= 0.16, f"two back-offs took {seconds:.3f} s")
            check(line["queue_ms"] >= 160, f"time of waiting: {line['queue_ms']}")

    with Origin(busy, name="a") as a, Origin(busy, name="b") as b, Origin(busy, name="c") as c, Ringway(
        forward_to(a, b, c, pool_keys=keys)
    ) as ringway:
        equal(ringway.get("/").status, 503, "status")
        equal([a.count(), b.count(), c.count()], [1, 1, 1], "an answer is not asked for twice")
        line = ringway.access_lines()[0]
        equal(
            [attempt["cause"] for attempt in line["attempts"]], ["status_503", "status_503", None], "causes"
        )
        check(
            all(re.match(r"[abc]$", one["upstream"]) and one["ms"] >= 0 for one in line["attempts"]),
            f"{line}",
        )


if __name__ == "__main__":
    main(test)
