"""`Expect: 100-continue` reaches the origin, its 100 reaches the client, and a final answer instead of it ends the request."""

from harness import equal, forward_to, main, Origin, response, Ringway


def test():
    def answer(request):
        if request.target == "/refuse":
            return response(403, b"no", reason="Forbidden")
        if request.target == "/silent":
            pass  # an origin may leave out the 100
        else:
            request.connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.read_body(request.connection.reader)
        return response(200, request.body)

    head = "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    with Origin(answer, read_body=False) as origin, Ringway(forward_to(origin)) as ringway:
        with ringway.client() as client:
            for _ in range(2):
                client.send(head % "/")
                equal(client.reply_head().status, 100, "status before the body is sent")
                client.send("body")
                equal(client.reply().body, b"body", "echo")
                equal(origin.last().get("Expect"), "100-continue", "Expect at the origin")
        with ringway.client() as client:
            client.send(head % "/refuse")
            equal(client.reply().status, 403, "final answer without the body")
        with ringway.client() as client:
            client.send(head % "/silent", "body")
            equal(client.reply().body, b"body", "echo without waiting")
        with ringway.client() as client:
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: something\r\n\r\n")
            equal(client.reply().status, 417, "an expectation that is not known")


if __name__ == "__main__":
    main(test)
