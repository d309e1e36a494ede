"""When every upstream has as many requests as it may have, the next ones wait for one to end."""

import threading

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway, SLOW, upstream


def test():
    release = threading.Semaphore(0)

    def held(_request):
        release.acquire(timeout=10 * SLOW)
        return response(200)

    with Origin(held, name="a") as a, Ringway(
        forward_to(upstream(a, "in_flight_max = 2"), pool_keys='queue = { wait_max = "5s" }'),
        shards="count = 1",
    ) as ringway:
        clients = [ringway.client() for _ in range(5)]
        for number, client in enumerate(clients):
            client.ask("GET", f"/{number}")
        eventually(lambda: ringway.pool()["queue"]["length"] == 3, "three wait")
        eventually(lambda: a.count() == 2, "two requests arrive")
        for done in range(1, 6):
            release.release()
            eventually(lambda wanted=min(5, 2 + done): a.count() == wanted, "one more is sent")
            eventually(lambda: ringway.upstream(a)["in_flight"] == min(2, 5 - done), "in flight")
        equal([client.reply().status for client in clients], [200] * 5, "answers")
        check(ringway.events("total_failure") == [], "nobody failed")
        for client in clients:
            client.close()


if __name__ == "__main__":
    main(test)
