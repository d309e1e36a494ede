"""Answers whose status the pool lists are retried on the next upstream; the last one is passed on."""

from harness import check, equal, forward_to, main, Origin, response, Ringway


def test():
    def busy(_request):
        return response(503, b"busy", {"X-Origin": "busy"}, reason="Service Unavailable")

    keys = 'balance = "round_robin"\nretry = { statuses = [503] }'
    with Origin(busy, name="busy") as bad, Origin(name="works") as good, Ringway(
        forward_to(bad, good, pool_keys=keys)
    ) as ringway, ringway.client() as client:
        for _ in range(6):
            equal(client.get("/").get("X-Origin"), "works", "answered by")
        good.close()
        bad_before = bad.count()
        reply = client.get("/")
        check(reply.status in (502, 503), f"status {reply.status}")
        check(bad.count() > bad_before, "the listed status was tried")
    with Origin(busy, name="busy") as bad, Ringway(forward_to(bad)) as ringway:
        equal(ringway.get("/").body, b"busy", "without a list the answer passes")
        equal(bad.count(), 1, "sends")


if __name__ == "__main__":
    main(test)
