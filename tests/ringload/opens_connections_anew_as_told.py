"""--no-keepalive: a connection for each request, whose end it announces; --requests-per-connection: after so many; --churn: so
many a second."""

from collections import Counter

from loading import SLOW, Timed, check, equal, main, ringload


def per_connection(origin):
    """How many requests came on each connection, and whether the last one said so."""
    counts = Counter(request.connection for request in origin.requests)
    last = {request.connection: request for request in origin.requests}
    said = {connection: request.get("Connection", "") == "close" for connection, request in last.items()}
    return counts, said


def test():
    with Timed() as origin:
        done = ringload(origin, "-n", 200, "-c", 4, "--no-keepalive")
        counts, said = per_connection(origin)
        equal(sorted(counts.values()), [1] * 200, "requests a connection")
        check(all(said.values()), "each request says Connection: close")
        equal(done["requests"]["errors"], 0, "errors")
        check(200 <= done["connects"] <= 204, f"connects {done['connects']}")
        equal(done["connect"]["count"], done["connects"], "connects that were timed")
    with Timed() as origin:
        done = ringload(origin, "-n", 200, "-c", 4, "--requests-per-connection", 10, "-t", 2)
        counts, said = per_connection(origin)
        equal(sum(counts.values()), 200, "requests")
        equal(max(counts.values()), 10, "most requests on one connection")
        check(sum(count < 10 for count in counts.values()) <= 4, f"connections end early: {counts.values()}")
        for connection, count in counts.items():
            equal(said[connection], count == 10, f"the last of {count} says Connection: close")
        equal(sum(request.get("Connection") is not None for request in origin.requests), sum(said.values()), "closes")
        equal(done["requests"]["errors"], 0, "errors")
    with Timed() as origin:
        done = ringload(origin, "-d", "2s", "--warm-up", "0s", "-c", 4, "--churn", 20)
        opened = len(origin.connections)
        check(30 <= opened <= 4 + 42 * SLOW, f"{opened} connections in 2 s at 20/s")
        equal(done["requests"]["errors"], 0, "errors")
        equal(done["connects"], opened, "connects")


if __name__ == "__main__":
    main(test)
