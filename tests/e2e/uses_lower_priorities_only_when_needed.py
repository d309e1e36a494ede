"""The lowest priority number that has an upstream with room takes the traffic; backups only when nothing else is left."""

import threading

from harness import equal, eventually, forward_to, main, Origin, response, Ringway, SLOW, upstream


def test():
    def held(name, release):
        def answer(_request):
            release.wait(10 * SLOW)
            return response(200, b"", {"X-Origin": name})

        return answer

    release = threading.Event()
    with Origin(held("first", release), name="first") as first, Origin(
        held("second", release), name="second"
    ) as second, Origin(name="last") as last:
        body = forward_to(
            upstream(first, "in_flight_max = 2"),
            upstream(second, "priority = 1\nin_flight_max = 2"),
            upstream(last, "backup = true"),
        )
        with Ringway(body) as ringway:
            clients = []
            for number in range(4):
                clients.append(ringway.client())
                clients[-1].ask("GET", "/")
                eventually(
                    lambda wanted=number + 1: first.count() + second.count() == wanted, "the request arrives"
                )
                wanted = [(1, 0), (2, 0), (2, 1), (2, 2)][number]
                equal((first.count(), second.count()), wanted, f"requests by tier after {number + 1}")
            equal(last.count(), 0, "the backup is idle")
            equal(ringway.get("/").get("X-Origin"), "last", "with all others full")
            release.set()
            for client in clients:
                equal(client.reply().status, 200, "held request")
                client.close()
            equal(ringway.get("/").get("X-Origin"), "first", "with room again")


if __name__ == "__main__":
    main(test)
