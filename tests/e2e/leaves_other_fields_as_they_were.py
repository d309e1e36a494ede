"""Fields that the proxy has no business with keep their case, order, bytes and repetition."""

from harness import equal, forward_to, main, Origin, response, Ringway


def test():
    fields = [
        ("x-LOWER", "1"),
        ("Accept", "*/*"),
        ("X-Latin", b"caf\xe9".decode("latin-1")),
        ("X-Empty", ""),
        ("Cookie", "a=1; b=2"),
        ("X-Inner", "a  b\tc"),
        ("accept", "text/html"),
        ("Traceparent", "00-aa-bb-01"),
    ]

    def answer(request):
        return response(
            200, b"", [("X-b", "2"), ("X-A", "1"), ("x-b", "3"), ("Server", "origin/1"), ("Date", "then")]
        )

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        reply = client.request("GET", "/a%20b/../c?q=%41&r=[]", fields)
        request = origin.last()
        equal(request.target, "/a%20b/../c?q=%41&r=[]", "target")
        names = [name for name, _ in fields]
        equal([field for field in request.fields if field[0] in names], fields, "request fields")
        equal(
            [field for field in reply.fields if field[0].lower() in ("x-a", "x-b", "server", "date")],
            [("X-b", "2"), ("X-A", "1"), ("x-b", "3"), ("Server", "origin/1"), ("Date", "then")],
            "response fields",
        )


if __name__ == "__main__":
    main(test)
