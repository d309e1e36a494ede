"""A POST whose connection is refused goes to the next upstream: nothing of it was sent."""

from harness import equal, forward_to, free_port, main, Origin, Ringway


def test():
    keys = """
balance = "round_robin"
suspicion = { enabled = false }
breaker = { enabled = false }
outlier = { enabled = false }
"""
    dead = f"127.0.0.1:{free_port()}"
    with Origin(name="works") as good, Ringway(forward_to(dead, good, pool_keys=keys)) as ringway:
        for number in range(6):
            reply = ringway.client().post("/", b"pay")
            equal((reply.status, reply.get("X-Origin")), (200, "works"), f"answer {number}")
        equal(good.count(), 6, "sends")
        lines = ringway.access_lines(6)
        causes = [attempt["cause"] for line in lines for attempt in line["attempts"]]
        equal(causes.count("connect_failed"), 3, "refused connects")
        equal(ringway.upstream(dead)["failures"], 3, "failures")


if __name__ == "__main__":
    main(test)
