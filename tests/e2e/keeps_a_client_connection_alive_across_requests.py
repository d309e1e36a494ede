"""Several requests, with and without bodies, go over one client connection; `Connection: close` ends it."""

import json

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway:
        with ringway.client() as client:
            for number in range(5):
                reply = client.get(f"/{number}")
                equal(reply.status, 200, "status")
                equal(json.loads(reply.body)["target"], f"/{number}", "target that the origin saw")
                reply = client.post("/body", b"x" * number)
                equal(json.loads(reply.body)["body_bytes"], number, "body that the origin saw")
            equal(ringway.metric("ringway_listener_connections_accepted_total"), 1, "client connections")
            reply = client.get("/last", Connection="close")
            equal(reply.status, 200, "status of the last")
            equal(reply.get("Connection"), "close", "Connection field of the last reply")
            check(client.wait_closed(), "the connection ends after `Connection: close`")


if __name__ == "__main__":
    main(test)
