"""Retries are at most a share of the requests, and some a second beside, so that a failing pool is not stormed."""

from harness import check, equal, main, Origin, pool, response, Ringway

QUIET = """
balance = "round_robin"
suspicion = { enabled = false }
breaker = { enabled = false }
outlier = { enabled = false }
"""
BUDGETS = {"none": (0, 0), "share": (20, 0), "seconds": (0, 3), "plenty": (100, 1000)}


def test():
    def busy(_request):
        return response(503)

    origins = {name: [Origin(busy, name=f"{name}-{n}") for n in range(2)] for name in BUDGETS}
    body = "".join(
        f'[[route]]\npath = "/{name}"\npool = "{name}"\n'
        + pool(
            name,
            *origins[name],
            extra=QUIET + f"[pool.retry]\nbudget_percent = {percent}\nbudget_per_second = {each_second}",
        )
        for name, (percent, each_second) in BUDGETS.items()
    )
    with Ringway(body) as ringway, ringway.client() as client:
        sent = {}
        for name in BUDGETS:
            for _ in range(100):
                equal(client.get(f"/{name}").status, 503, "status")
            sent[name] = sum(origin.count() for origin in origins[name]) - 100
        equal(sent["none"], 0, "retries without a budget")
        check(15 <= sent["share"] <= 20, f"retries of 100 requests with 20 percent: {sent['share']}")
        check(3 <= sent["seconds"] <= 30, f"retries with 3 a second: {sent['seconds']}")
        equal(sent["plenty"], 100, "retries with budget for all")
        check(
            ringway.metric("ringway_pool_retries_total", pool="share") == sent["share"], "retries are counted"
        )


if __name__ == "__main__":
    main(test)
