"""An upstream is ejected when too large a share of its requests failed, or when it is much slower than its peers; one that is
slow together with all others is not."""

import time

from harness import equal, eventually, Load, main, Origin, pool, response, Ringway

KEYS = """
balance = "round_robin"
[pool.outlier]
consecutive = 0
window = "2s"
requests_min = 20
max_ejected_percent = 34
[pool.breaker]
enabled = false
[pool.retry]
budget_percent = 100
"""


def test():
    def after(seconds, failing=False):
        def answer(request):
            time.sleep(seconds)
            return response(503 if failing and request.number % 2 else 200)

        return answer

    handlers = {
        "errors": [after(0.02, failing=True), after(0.02), after(0.02)],
        "slower": [after(0.05), after(0.001), after(0.001)],
        "all-slow": [after(0.05), after(0.05), after(0.05)],
    }
    origins = {
        name: [
            Origin(handler, name=f"{name}-{number}")
            for number, handler in enumerate(of)
        ]
        for name, of in handlers.items()
    }
    body = "".join(
        f'[[route]]\npath_prefix = "/{name}"\npool = "{name}"\n' + pool(name, *of, extra=KEYS)
        for name, of in origins.items()
    )
    with Ringway(body) as ringway, Load(ringway, 4, target="/errors"), Load(
        ringway, 4, target="/slower"
    ), Load(ringway, 4, target="/all-slow") as slow:
        eventually(lambda: len(ringway.events("ejected")) == 2, "two ejections", 6)
        slow.more(100)
        found = {(event["upstream"], event["reason"]) for event in ringway.events("ejected")}
        equal(found, {("errors-0", "error_rate"), ("slower-0", "relative_latency")}, "ejected, and why")
        before = origins["slower"][0].count()
        slow.more(20)
        equal(origins["slower"][0].count(), before, "requests to the ejected one")
        equal(slow.failed(), [], "failed requests")


if __name__ == "__main__":
    main(test)
