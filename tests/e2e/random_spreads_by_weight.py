"""The random policy gives each upstream its share within chance."""

from harness import check, forward_to, main, Origin, Ringway, upstream


def test():
    with Origin(name="a") as a, Origin(name="b") as b:
        body = forward_to(
            upstream(a, "weight = 3"), upstream(b, "weight = 1"), pool_keys='balance = "random"'
        )
        with Ringway(body) as ringway, ringway.client() as client:
            for _ in range(800):
                client.get("/")
            # binomial: 600 +- 5 standard deviations of 12.2
            check(539 <= a.count() <= 661, f"a got {a.count()} of 800, wanted about 600")


if __name__ == "__main__":
    main(test)
