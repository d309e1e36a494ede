"""The kinds of a mix file come as often as their weights say, with their methods, fields and bodies; {n} counts up."""

from collections import Counter

from loading import Origin, TemporaryFolder, answer_quickly, check, equal, main, ringload

MIX = """
[[request]]
name = "read"
path = "/read/{n}?a=b"
weight = 6
[[request]]
name = "write"
method = "PUT"
path = "/write/{n}"
body = "what is written"
headers = { X-Tag = "blue", Content-Type = "text/plain" }
weight = 3
[[request]]
name = "post"
path = "/post/{n}"
body_file = "body.bin"
expect = [200]
weight = 1
"""
WEIGHTS = {"read": 6, "write": 3, "post": 1}
METHODS = {"read": "GET", "write": "PUT", "post": "POST"}
REQUESTS = 3000


def test():
    with TemporaryFolder() as folder, Origin(answer_quickly) as origin:
        folder.file("body.bin", "x" * 5000)
        done = ringload(origin, "-n", REQUESTS, "-c", 8, "-t", 2, "--mix", folder.file("mix.toml", MIX))
        kinds = [request.target.split("/")[1] for request in origin.requests]
        counts = Counter(kinds)
        off = sum((counts[k] - REQUESTS * w / 10) ** 2 / (REQUESTS * w / 10) for k, w in WEIGHTS.items())
        check(off < 20, f"chi-square of {dict(counts)} is {off:.1f}; 20 is reached once in 20,000 times")
        numbers = sorted(int(request.target.split("/")[2].split("?")[0]) for request in origin.requests)
        equal(numbers, list(range(REQUESTS)), "numbers")
        for kind, request in zip(kinds, origin.requests):
            equal(request.method, METHODS[kind], f"method of {kind}")
            equal(request.get("Host"), origin.address, "Host")
        writes = [request for kind, request in zip(kinds, origin.requests) if kind == "write"]
        equal({request.body for request in writes}, {b"what is written"}, "bodies of write")
        equal({request.get("X-Tag") for request in writes}, {"blue"}, "X-Tag of write")
        equal({request.get("Content-Type") for request in writes}, {"text/plain"}, "Content-Type of write")
        posts = [request for kind, request in zip(kinds, origin.requests) if kind == "post"]
        equal({request.body for request in posts}, {b"x" * 5000}, "bodies of post")
        reads = [request for kind, request in zip(kinds, origin.requests) if kind == "read"]
        check(all(request.target.endswith("?a=b") and not request.body for request in reads), "reads as written")
        equal({kind["name"]: kind["latency"]["count"] for kind in done["kinds"]}, dict(counts), "kinds of the result")
        equal(sum(kind["failed"] for kind in done["kinds"]), 0, "failed")


if __name__ == "__main__":
    main(test)
