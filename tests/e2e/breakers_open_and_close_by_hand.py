"""A breaker that is opened by hand stays open until it is closed by hand; a reset forgets what led towards opening."""

import time

from harness import Controlled, SLOW, equal, eventually, forward_to, main, Origin, response


def test():
    failing = []

    def answer(request):
        name = request.connection.origin.name
        return response(503 if name in failing else 200, "", [("X-Origin", name)])

    keys = """
[pool.retry]
attempts_max = 1
[pool.breaker]
failure_threshold = 3
error_percent = 0
recovery_timeout = "200ms"
[pool.outlier]
enabled = false
"""
    with Origin(answer, "a") as a, Origin(answer, "b") as b:
        with Controlled(forward_to(a, b, pool_keys='balance = "round_robin"' + keys), shards="count = 2") as ringway:
            shown = ringway.change("/breakers/main/a/open")
            equal(
                (shown["breaker"]["phase"], shown["breaker"]["until_seconds"], shown["set_by_hand"]),
                ("open", None, True),
                "opened",
            )
            equal(ringway.upstream(a)["set_by_hand"], ["breaker"], "set by hand")
            eventually(lambda: {ringway.get("/").get("X-Origin") for _ in range(20)} == {"b"}, "b answers all")
            time.sleep(0.6 * SLOW)  # three recovery time-outs
            equal({ringway.get("/").get("X-Origin") for _ in range(20)}, {"b"}, "who answers")
            equal(ringway.change("/breakers/main/a/close")["breaker"]["phase"], "closed", "closed")
            eventually(lambda: {ringway.get("/").get("X-Origin") for _ in range(20)} == {"a", "b"}, "both answer")
            kinds = [event["kind"] for event in ringway.events(upstream="a", reason="by_hand")]
            equal(kinds, ["breaker_open", "breaker_closed"], "events")

            failing.append("a")

            def fail(times):
                while times > 0:
                    times -= ringway.get("/").status == 503

            def row():
                return next(one for one in ringway.page("/breakers") if one["upstream"] == "a")["failures_in_row"]

            fail(2)
            equal(row(), 2, "failures in a row")
            ringway.change("/breakers/main/a/reset")
            eventually(lambda: row() == 0, "they are forgotten")
            fail(2)
            equal(ringway.upstream(a)["breaker"]["phase"], "closed", "two failures more open nothing")
            fail(1)
            eventually(lambda: ringway.upstream(a)["breaker"]["phase"] != "closed", "the third one does")
            equal(ringway.events("breaker_open")[-1]["reason"], "consecutive_failures", "why")


if __name__ == "__main__":
    main(test)
