"""As a tier loses upstreams its load spills over to the next one, by the share that it lost."""

from harness import Checked, check, equal, forward_to, health_check, main, response, Ringway, upstream

KEYS = 'balance = "round_robin"\n' + health_check(fall=1, rise=1)


def test():
    first = [Checked(f"a{number}") for number in range(4)]
    second = [Checked(f"b{number}") for number in range(2)]
    body = forward_to(*first, *(upstream(origin, "priority = 1") for origin in second), pool_keys=KEYS)
    with Ringway(body) as ringway, ringway.client() as client:
        for origin in first + second:
            ringway.wait_state(origin, "healthy")

        def share_of_second(count=400):
            before = sum(origin.served() for origin in second)
            for _ in range(count):
                equal(client.get("/").status, 200, "status")
            return (sum(origin.served() for origin in second) - before) / count

        equal(share_of_second(100), 0, "share of the second tier with the first one whole")
        for origin in first[:3]:
            origin.verdict = response(500)
        for origin in first[:3]:
            ringway.wait_state(origin, "unhealthy")
        share = share_of_second()
        check(0.3 < share < 0.8, f"share of the second tier with a quarter of the first: {share}")
        first[3].verdict = response(500)
        ringway.wait_state(first[3], "unhealthy")
        equal(share_of_second(100), 1, "share of the second tier without the first")
        for origin in first:
            origin.verdict = response(200)
        for origin in first:
            ringway.wait_state(origin, "healthy")
        equal(share_of_second(100), 0, "share of the second tier in the end")
        for origin in first + second:
            origin.close()


if __name__ == "__main__":
    main(test)
