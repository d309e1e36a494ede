"""Requests that meet a 503 move on, and the upstream is out by its breaker, with one event however many requests met it."""

from harness import equal, forward_to, Load, main, Program, Ringway


def test():
    with Program("a") as a, Program("b") as b, Program("c") as c, Ringway(
        forward_to(a, b, c), shards="count = 2"
    ) as ringway, Load(ringway) as load:
        load.more(200)
        a.control("mode=fail&status=503&health=same")
        opened = ringway.wait_event("breaker_open", upstream="a")
        equal(opened["reason"], "consecutive_failures", "reason")
        after = load.more(200)
        equal({answer.origin for answer in after}, {"b", "c"}, "who answers now")
        equal(load.failed(), [], "failed requests")
        equal(len(ringway.events("breaker_open")), 1, "transitions")
        causes = {
            (attempt["upstream"], attempt["cause"])
            for line in ringway.access_lines(400)
            for attempt in line["attempts"]
        }
        equal(causes, {("a", None), ("b", None), ("c", None), ("a", "status_503")}, "attempts in the log")


if __name__ == "__main__":
    main(test)
