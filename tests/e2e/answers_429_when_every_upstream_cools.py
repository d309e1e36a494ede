"""When all upstreams cool, the client gets 429 with the soonest Retry-After, and nothing is sent."""

from harness import check, equal, forward_to, main, Origin, response, Ringway, seconds_of, SLOW


def test():
    def limited(seconds):
        return lambda _request: response(429, b"limited", {"Retry-After": str(seconds)})

    with Origin(limited(30), name="a") as a, Origin(limited(9), name="b") as b, Ringway(
        forward_to(a, b)
    ) as ringway, ringway.client() as client:
        for number in range(10):
            seconds, reply = seconds_of(lambda: client.post("/", b"prompt"))
            equal(reply.status, 429, f"status {number}")
            wait = int(reply.get("Retry-After"))
            # the first answer is of the upstream that was asked last
            check(7 <= wait <= 10 or (number == 0 and wait == 30), f"Retry-After {wait} of answer {number}")
            check(seconds < 0.5 * SLOW, f"after {seconds:.3f} s")
        equal((a.count(), b.count()), (1, 1), "sends")
        counted = ringway.metric("ringway_pool_all_rate_limited_total")
        check(counted in (9, 10), f"{counted} answers of our own: the first may be the last upstream's")
        equal(ringway.pool()["queue"]["queued"], 0, "queued")
        lines = ringway.access_lines(10)
        equal({line["refusal"] for line in lines[1:]}, {"rate_limited"}, "refusal in the log")
        equal(lines[0]["attempts_count"], 2, "attempts of the first")


if __name__ == "__main__":
    main(test)
