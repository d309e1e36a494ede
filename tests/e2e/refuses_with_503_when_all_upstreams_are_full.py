"""With every upstream at in_flight_max a further request is told so with 503, and works again once there is room."""

import threading

from harness import equal, eventually, forward_to, main, Origin, response, Ringway, SLOW, upstream


def test():
    release = threading.Event()

    def answer(_request):
        release.wait(10 * SLOW)
        return response(200, b"x")

    with Origin(answer) as origin, Ringway(forward_to(upstream(origin, "in_flight_max = 3"))) as ringway:
        clients = []
        for number in range(3):
            clients.append(ringway.client())
            clients[-1].ask("GET", "/")
            eventually(lambda wanted=number + 1: origin.count() == wanted, "the request arrives")
        with ringway.client() as client:
            equal(client.get("/").status, 503, "status of the fourth")
            equal(origin.count(), 3, "requests at the origin")
            release.set()
            for held in clients:
                equal(held.reply().status, 200, "held request")
            equal(client.get("/").status, 200, "status with room")
        equal(ringway.metric("ringway_refused_total", reason="no_upstream"), 1, "the refusal is counted")


if __name__ == "__main__":
    main(test)
