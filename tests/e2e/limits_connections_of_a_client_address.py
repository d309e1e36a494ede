"""One address holds at most connections_per_client_max connections; other addresses are not touched by it."""

from harness import check, Ended, equal, eventually, forward_to, main, Origin, Ringway


def answer_of(ringway, **options):
    """What a client gets for one request, whole or not; nothing when it is reset at once."""
    try:
        with ringway.client(**options) as client:
            client.ask("GET", "/")
            return client.rest()
    except ConnectionError:
        return b""


def test():
    with Origin() as origin, Ringway(
        forward_to(origin), listener="connections_per_client_max = 3"
    ) as ringway:
        clients = [ringway.client(source="127.0.0.9") for _ in range(3)]
        for client in clients:
            equal(client.get("/").status, 200, "status within the limit")
        answer = answer_of(ringway, source="127.0.0.9")
        check(
            answer == b"" or answer.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 429 ")),
            f"over the limit: {answer[:50]!r}",
        )
        with ringway.client(source="127.0.0.10") as client:
            equal(client.get("/").status, 200, "another address")
        clients.pop().close()

        def served():
            try:
                with ringway.client(source="127.0.0.9") as client:
                    return client.get("/").status == 200
            except (Ended, ConnectionError):
                return False

        eventually(served, "room again after one left")
        for client in clients:
            client.close()


if __name__ == "__main__":
    main(test)
