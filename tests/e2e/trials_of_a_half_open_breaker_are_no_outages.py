"""A pool of one upstream whose breaker is half open: trials that are under way are no total failure, and each opening is told
once."""

import threading
import time

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway, SLOW

KEYS = """
retry = { attempts_max = 1 }
[pool.breaker]
failure_threshold = 3
recovery_timeout = "200ms"
[pool.outlier]
consecutive = 3
[pool.queue]
length_max = 0
"""


def test():
    hold, told = threading.Event(), response(503)

    def answer(_request):
        hold.wait(10 * SLOW)
        return told

    hold.set()
    with Origin(answer, name="a") as a, Ringway(forward_to(a, pool_keys=KEYS)) as ringway:
        for _ in range(3):
            equal(ringway.get("/").status, 503, "status")
        ringway.wait_event("total_failure")
        check(ringway.upstream(a)["ejected"], "it is ejected, too")
        eventually(lambda: ringway.upstream(a)["breaker"]["phase"] == "half_open", "half open")
        told = response(200)
        hold.clear()
        clients = [ringway.client() for _ in range(6)]
        for client in clients:
            client.ask("GET", "/")
        eventually(lambda: a.count() == 6, "three trials arrive")
        time.sleep(0.05)
        hold.set()
        equal(sorted(client.reply().status for client in clients), [200] * 3 + [503] * 3, "answers")
        eventually(lambda: ringway.events("breaker_closed"), "the breaker closes")
        of_pool = [event["kind"] for event in ringway.events() if event["upstream"] is None]
        equal(sorted(of_pool), ["panic", "total_failure", "total_recovery"], "events of the pool")
        for client in clients:
            client.close()


if __name__ == "__main__":
    main(test)
