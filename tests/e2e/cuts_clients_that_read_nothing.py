"""A client that stops reading its answer is cut after send_timeout, and its upstream request with it."""

from harness import eventually, forward_to, Hangup, header, main, Origin, Ringway


def test():
    def answer(request):
        connection = request.connection
        connection.send(header(200, {"Content-Length": 100_000_000}))
        try:
            for _ in range(100):
                connection.send(b"x" * 1_000_000)
        except (ConnectionError, TimeoutError):
            raise Hangup from None

    with Origin(answer) as origin, Ringway(forward_to(origin), listener='send_timeout = "500ms"') as ringway:
        client = ringway.client(receive_bytes=4096)
        client.ask("GET", "/")
        eventually(lambda: origin.count() == 1, "the request is at the origin")
        eventually(lambda: origin.open_connections() == 0, "the upstream request is cancelled", 8)
        eventually(lambda: ringway.metric("ringway_refused_total", reason="client_stalled") == 1, "counted")
        client.close()


if __name__ == "__main__":
    main(test)
