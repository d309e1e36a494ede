"""Two upstreams with one address and two API keys are two upstreams; keys come from the environment or a file."""

from harness import check, equal, main, Origin, Ringway, TemporaryFolder


def test():
    with Origin() as origin, TemporaryFolder() as folder:
        secret = folder.file("key", "from-file\n")
        first = f'name = "first"\naddress = "{origin.address}"\nheaders = {{ Authorization = {{ env = "TEST_KEY" }} }}'
        second = (
            f'name = "second"\naddress = "{origin.address}"\nheaders = {{ Authorization = {{ file = "{secret}" }} }}\n'
            'host_header = "api.example"'
        )
        body = (
            f'[[route]]\npool = "p"\n[[pool]]\nname = "p"\nbalance = "round_robin"\n[[pool.upstream]]\n{first}\n'
            f"[[pool.upstream]]\n{second}\n"
        )
        with Ringway(body, environment={"TEST_KEY": "from-env"}) as ringway, ringway.client() as client:
            for _ in range(4):
                client.request("GET", "/", {"Authorization": "client's own"})
            seen = sorted((request.get("Authorization"), request.get("Host")) for request in origin.requests)
            equal(
                seen,
                [("from-env", "test.example")] * 2 + [("from-file", "api.example")] * 2,
                "keys and hosts",
            )
            check(
                "from-env" not in ringway.stderr() and "from-file" not in ringway.stderr(),
                "secrets stay out of the log",
            )


if __name__ == "__main__":
    main(test)
