"""A breaker opens when too large a share of the requests in a window failed, though never two in a row."""

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway

KEYS = """
balance = "round_robin"
[pool.breaker]
failure_threshold = 1000
error_percent = 40
window = "2s"
requests_min = 30
[pool.outlier]
enabled = false
[pool.retry]
budget_percent = 100
"""


def test():
    def every_other(request):
        return response(503 if request.number % 2 else 200)

    with Origin(every_other, name="a") as a, Origin(name="b") as b, Ringway(
        forward_to(a, b, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:
        for _ in range(20):
            equal(client.get("/").status, 200, "status")
        equal(ringway.upstream(a)["breaker"]["phase"], "closed", "with fewer requests than requests_min")

        def opened():
            for _ in range(30):
                equal(client.get("/").status, 200, "status")
            return ringway.events("breaker_open")

        event = eventually(opened, "the breaker opens")[0]
        equal((event["upstream"], event["reason"]), ("a", "error_rate"), "of whom, and why")
        before = a.count()
        for _ in range(10):
            client.get("/")
        equal(a.count(), before, "requests while it is open")
        check(ringway.upstream(b)["breaker"]["phase"] == "closed", "the other one stays closed")


if __name__ == "__main__":
    main(test)
