"""A split sends each pool its share of requests, within chance."""

from harness import check, equal, main, Origin, pool, Ringway


def test():
    body = "[[route]]\nsplit = { blue = 90, green = 10 }\n"
    with Origin(name="blue") as blue, Origin(name="green") as green, Ringway(
        body + pool("blue", blue) + pool("green", green)
    ) as ringway, ringway.client() as client:
        for _ in range(1000):
            client.get("/")
        # binomial: 100 +- 4.5 standard deviations of 9.5
        check(57 <= green.count() <= 143, f"green got {green.count()} of 1000")
        equal(blue.count() + green.count(), 1000, "all requests")


if __name__ == "__main__":
    main(test)
