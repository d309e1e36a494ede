"""Connections over connections_max are refused and counted; when one ends the next gets in."""

from harness import check, Ended, equal, eventually, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin), listener="connections_max = 5") as ringway:
        clients = [ringway.client() for _ in range(5)]
        for client in clients:
            equal(client.get("/").status, 200, "status within the limit")
        with ringway.client() as client:
            try:
                client.ask("GET", "/")
            except ConnectionError:
                pass
            answer = client.rest()
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
