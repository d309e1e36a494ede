"""A request is sent at most attempts_max times, each time to another upstream."""

from harness import equal, forward_to, main, Origin, Ringway


def test():
    def dies(request):
        request.connection.reset()

    for attempts in (1, 2, 3):
        origins = [Origin(dies, name=f"o{number}") for number in range(4)]
        with Ringway(forward_to(*origins, pool_keys=f"retry = {{ attempts_max = {attempts} }}")) as ringway:
            equal(ringway.get("/").status, 502, "status")
            counts = [origin.count() for origin in origins]
            equal(sum(counts), attempts, f"sends: {counts}")
            equal(max(counts), 1, f"the most to one upstream: {counts}")
        for origin in origins:
            origin.close()


if __name__ == "__main__":
    main(test)
