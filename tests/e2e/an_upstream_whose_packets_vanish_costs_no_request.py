"""The network drops every packet to an upstream: a request overdue has it probed, the missed probe takes it out, and what
waits moves on; new connects are hedged. It is back when packets get through again."""

import time

from harness import check, equal, eventually, forward_to, health_check, Load, main, Program, Ringway, SLOW
from harness.namespace import Namespace, NoNamespaces

KEYS = health_check(interval="200ms", fast_interval='"200ms"', timeout='"200ms"', fall=100)


def test():
    try:
        namespace = Namespace()
    except NoNamespaces as why:
        print(f"skipped: {why}")
        return
    place = {"host": namespace.host, "within": namespace.within}
    with namespace, Program("a", **place) as a, Program("b", **place) as b, Program(
        "c", **place
    ) as c, Ringway(forward_to(a, b, c, pool_keys=KEYS), shards="count = 2") as ringway, Load(
        ringway
    ) as load:
        load.more(1000)
        for origin in (a, b, c):
            ringway.wait_state(origin, "healthy")
        dropped = time.monotonic()
        namespace.drop(a.port)
        found = ringway.wait_state(a, "unhealthy", 2)
        seconds = time.monotonic() - dropped
        equal(found["reason"], "probe_missed", "reason")
        check(seconds < 0.6 * SLOW, f"out after {seconds:.2f} s")
        after = load.more(300)
        equal({answer.origin for answer in after}, {"b", "c"}, "who answers now")
        worst = max(load.since(dropped - 0.1), key=lambda answer: answer.seconds)
        check(worst.seconds < 0.5 * SLOW, f"the slowest answer: {worst}")
        equal(load.failed(), [], "failed requests")
        namespace.let_through()
        ringway.wait_state(a, "healthy", 5)
        eventually(lambda: any(answer.origin == "a" for answer in load.more(20)), "a serves again")
        equal(load.failed(), [], "failed requests in the end")
        equal(len(ringway.events("unhealthy")), 1, "transitions")


if __name__ == "__main__":
    main(test)
