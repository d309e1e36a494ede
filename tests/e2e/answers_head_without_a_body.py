"""A reply to HEAD keeps its Content-Length and has no body; the next request is answered right."""

from harness import equal, forward_to, header, main, Origin, response, Ringway


def test():
    def answer(request):
        if request.method == "HEAD":
            kind = request.target
            return header(
                200,
                {"Content-Length": 1234}
                if kind == "/length"
                else {"Transfer-Encoding": "chunked"}
                if kind == "/chunked"
                else {"X-None": "1"},
            )
        return response(200, b"after")

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for target in ("/length", "/chunked", "/none"):
            reply = client.request("HEAD", target)
            equal(reply.status, 200, "status")
            equal(reply.get("Content-Length"), "1234" if target == "/length" else None, "Content-Length")
            equal(client.get("/").body, b"after", f"the answer after HEAD {target}")


if __name__ == "__main__":
    main(test)
