"""Bytes behind a response are dropped with their connection: they cannot become the next client's answer."""

from harness import equal, forward_to, main, Origin, response, Ringway


def test():
    def answer(request):
        if request.target == "/evil":
            return response(200, b"ok") + response(200, b"EVIL")
        return response(200, b"good")

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for _ in range(5):
            equal(client.get("/evil").body, b"ok", "answer")
            for _ in range(3):
                equal(client.get("/next").body, b"good", "next answer")


if __name__ == "__main__":
    main(test)
