"""The Retry-After of a 503 is the time until the first upstream may be asked again, where that is known."""

from harness import check, equal, forward_to, main, Origin, response, Ringway

KEYS = """
outlier = { enabled = false }
queue = { length_max = 0 }
retry = { attempts_max = 1 }
breaker = { failure_threshold = 2, recovery_timeout = "7s" }
"""


def test():
    with Origin(lambda _request: response(503), name="a") as a, Ringway(
        forward_to(a, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:
        for _ in range(2):
            equal(client.get("/").get("Retry-After"), None, "an answer of the upstream itself")
        reply = client.get("/")
        equal((reply.status, a.count()), (503, 2), "status, and requests that reached it")
        check(6 <= int(reply.get("Retry-After")) <= 7, f"Retry-After {reply.get('Retry-After')}")


if __name__ == "__main__":
    main(test)
