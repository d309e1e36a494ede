"""Requests that an upstream resets before it answers move on, and its breaker opens."""

from harness import equal, forward_to, Load, main, Program, Ringway


def test():
    with Program("a") as a, Program("b") as b, Program("c") as c, Ringway(
        forward_to(a, b, c)
    ) as ringway, Load(ringway) as load:
        load.more(200)
        a.control("mode=reset")
        ringway.wait_event("breaker_open", upstream="a")
        after = load.more(200)
        equal({answer.origin for answer in after}, {"b", "c"}, "who answers now")
        equal(load.failed(), [], "failed requests")
        equal(ringway.upstream(a)["breaker"]["phase"], "open", "phase")
        # it is alive: a probe finds that out, and takes nothing out
        equal(ringway.upstream(a)["state"], "healthy", "state")
        equal(ringway.upstream(a)["eligible"], False, "eligible")


if __name__ == "__main__":
    main(test)
