"""Connections over connections_max are refused and counted; when one ends the next gets in."""

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
    with Origin() as origin, Ringway(forward_to(origin), listener="connections_max = 5") as ringway:
        clients = [ringway.client() for _ in range(5)]
        for client in clients:
            equal(client.get("/").status, 200, "status within the limit")
        answer = answer_of(ringway)
        check(answer == b"" or answer.startswith(b"HTTP/1.1 503 "), f"over the limit: {answer[:50]!r}")
        eventually(
            lambda: ringway.metric("ringway_refused_total", reason="connection_limit") >= 1
            or ringway.metric("ringway_listener_connections_refused_total") >= 1,
            "counted",
        )
        clients.pop().close()

        def served():
            try:
                with ringway.client() as client:
                    return client.get("/").status == 200
            except (Ended, ConnectionError):
                return False

        eventually(served, "room again after one left")
        for client in clients:
            equal(client.get("/").status, 200, "those inside go on")
            client.close()


if __name__ == "__main__":
    main(test)
