"""Upstreams on unix sockets and IPv6 addresses are reached and reused; a listener may be on them, too."""

from harness import Client, equal, forward_to, free_port, main, Origin, Ringway, TemporaryFolder


def test():
    folder = TemporaryFolder()
    path = folder.file("front.sock")
    port = free_port()
    more = f'[[listener]]\nname = "six"\naddress = "[::1]:{port}"\n[[listener]]\nname = "unix"\naddress = "unix:{path}"\n'
    with Origin(name="unix", family="unix") as unix, Origin(name="six", family="ipv6") as six, Ringway(
        forward_to(unix, six, pool_keys='balance = "round_robin"'), more_listeners=more
    ) as ringway:
        for to in (ringway.port, ("::1", port), path):
            with Client(to) as client:
                seen = sorted(client.get("/").get("X-Origin") for _ in range(6))
                equal(seen, ["six"] * 3 + ["unix"] * 3, f"upstreams through {to}")
        with Client(("::1", port)) as client:
            client.get("/")
            client.get("/")
        equal(six.last().get("X-Forwarded-For"), "::1", "X-Forwarded-For of an IPv6 client")
        equal((len(unix.connections), len(six.connections)), (1, 1), "connections at the origins")
    folder.remove()


if __name__ == "__main__":
    main(test)
