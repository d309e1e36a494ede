"""A request in absolute form is routed by its authority and reaches the origin in origin form."""

from harness import equal, main, Origin, pool, Ringway


def test():
    routes = '[[route]]\nhost = "a.example"\npool = "a"\n' + '[[route]]\npool = "b"\n'
    with Origin(name="a") as a, Origin(name="b") as b, Ringway(
        routes + pool("a", a) + pool("b", b)
    ) as ringway, ringway.client() as client:
        equal(
            client.request("GET", "http://a.example/x?y=1", host="other.example").get("X-Origin"),
            "a",
            "routed by",
        )
        equal(
            (a.last().target, a.last().get("Host")),
            ("/x?y=1", "a.example"),
            "target and Host (RFC 9112 3.2.2)",
        )
        equal(client.request("GET", "http://b.example", host="b.example").get("X-Origin"), "b", "empty path")
        equal(b.last().target, "/", "target of an empty path")
        equal(client.request("OPTIONS", "*").status, 200, "OPTIONS *")
        equal(b.last().target, "*", "asterisk form")


if __name__ == "__main__":
    main(test)
