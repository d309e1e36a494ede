"""After requests_per_connection_max requests the reply says close and the connection ends."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(
        forward_to(origin), listener="requests_per_connection_max = 3"
    ) as ringway, ringway.client() as client:
        for number in range(3):
            reply = client.get("/")
            equal((reply.get("Connection") or "").lower() == "close", number == 2, f"close in reply {number}")
        check(client.wait_closed(), "closed")


if __name__ == "__main__":
    main(test)
