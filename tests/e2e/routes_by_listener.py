"""A route that names a listener serves no other."""

from harness import Client, equal, free_port, main, Origin, pool, Ringway


def test():
    second = free_port()
    body = """
[[route]]
listener = "second"
path_prefix = "/x"
pool = "b"
[[route]]
pool = "a"
"""
    more = f'[[listener]]\nname = "second"\naddress = "127.0.0.1:{second}"\n'
    with Origin(name="a") as a, Origin(name="b") as b, Ringway(
        body + pool("a", a) + pool("b", b), more_listeners=more
    ) as ringway:
        equal(ringway.get("/x").get("X-Origin"), "a", "on the first listener")
        with Client(second) as client:
            equal(client.get("/x").get("X-Origin"), "b", "on the second listener")
            equal(client.get("/y").get("X-Origin"), "a", "a route of all listeners")


if __name__ == "__main__":
    main(test)
