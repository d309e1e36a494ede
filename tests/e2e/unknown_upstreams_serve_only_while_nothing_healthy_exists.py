"""Before its first check an upstream is unknown: it takes traffic as long as no healthy one exists, and none after."""

import threading

from harness import Checked, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW


def test():
    let_a, let_b = threading.Event(), threading.Event()

    def when(event):
        def answer(_request):
            event.wait(20 * SLOW)
            return response(200)

        return answer

    keys = 'balance = "round_robin"\n' + health_check(interval="5s", timeout='"5s"', fast_interval='"5s"')
    with Checked("a", verdict=when(let_a)) as a, Checked("b", verdict=when(let_b)) as b, Ringway(
        forward_to(a, b, pool_keys=keys)
    ) as ringway, ringway.client() as client:
        equal({ringway.upstream(name)["state"] for name in "ab"}, {"unknown"}, "states at first")
        equal({client.get("/").get("X-Origin") for _ in range(6)}, {"a", "b"}, "who serves, both unknown")
        let_b.set()
        ringway.wait_state(b, "healthy")
        eventually(lambda: not ringway.upstream(a)["eligible"], "the unknown one is left out")
        equal({client.get("/").get("X-Origin") for _ in range(6)}, {"b"}, "who serves, one healthy")
        equal(ringway.events("total_failure", "failover"), [], "events of the pool")
        let_a.set()
        ringway.wait_state(a, "healthy")
        equal({client.get("/").get("X-Origin") for _ in range(6)}, {"a", "b"}, "who serves, both healthy")


if __name__ == "__main__":
    main(test)
