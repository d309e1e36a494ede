"""A name as an upstream is resolved; one that cannot be is out, and the rest of the pool serves."""

from harness import equal, forward_to, main, Origin, Ringway


def test():
    with Origin(name="named") as origin:
        body = forward_to(
            f"localhost:{origin.port}",
            "no-such-host.invalid:80",
            pool_keys='balance = "round_robin"\nresolve_period = "1s"',
        )
        with Ringway(body) as ringway, ringway.client() as client:
            for _ in range(10):
                reply = client.get("/")
                equal((reply.status, reply.get("X-Origin")), (200, "named"), "reply")


if __name__ == "__main__":
    main(test)
