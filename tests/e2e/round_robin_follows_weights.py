"""Smooth weighted round robin gives each upstream exactly its weight in every round, interleaved."""

from harness import check, equal, forward_to, main, Origin, Ringway, upstream


def test():
    with Origin(name="a") as a, Origin(name="b") as b, Origin(name="c") as c:
        body = forward_to(
            upstream(a, "weight = 5"),
            upstream(b, "weight = 1"),
            upstream(c, "weight = 1"),
            pool_keys='balance = "round_robin"',
        )
        with Ringway(body) as ringway, ringway.client() as client:
            seen = [client.get("/").get("X-Origin") for _ in range(21)]
            for start in range(0, 21, 7):
                counts = [seen[start : start + 7].count(name) for name in "abc"]
                equal(counts, [5, 1, 1], f"a round of {seen}")
            check("aaaaa" not in "".join(seen[:7]), f"a heavy upstream is not picked in one run: {seen[:7]}")


if __name__ == "__main__":
    main(test)
