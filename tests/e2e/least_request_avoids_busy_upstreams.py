"""With one upstream holding requests, least_request, p2c and peak_ewma send new ones to the other."""

import threading
import time

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway, SLOW


def test():
    for policy in ("least_request", "p2c", "peak_ewma"):
        release = threading.Event()

        def slow(request, release=release):
            release.wait(10 * SLOW)
            return response(200, b"", {"X-Origin": "slow"})

        with Origin(slow, name="slow") as busy, Origin(name="fast") as fast, Ringway(
            forward_to(busy, fast, pool_keys=f'balance = "{policy}"')
        ) as ringway:
            waiting = []
            for _ in range(20):  # some of these stay with the slow one
                client = ringway.client()
                client.ask("GET", "/")
                waiting.append(client)
                time.sleep(0.01)
            eventually(lambda: busy.count() + fast.count() == 20, "all requests are at an origin")
            held = busy.count()
            check(
                1 <= held <= 12 or policy == "peak_ewma",
                f"{policy}: {held} of 20 requests went to the busy upstream",
            )
            with ringway.client() as client:
                fast_before = fast.count()
                for _ in range(50):
                    client.ask("GET", "/")
                    if busy.count() > held:  # it was picked although busy
                        break
                    client.reply()
                check(
                    fast.count() - fast_before >= 45 or held == 0,
                    f"{policy}: {fast.count() - fast_before} of 50 went to the idle one",
                )
            release.set()
            for client in waiting:
                equal(client.reply().status, 200, "a held request ends well")
                client.close()


if __name__ == "__main__":
    main(test)
