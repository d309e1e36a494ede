"""After hundreds of connections that end in every way the process holds as many descriptors as before."""

from harness import check, eventually, forward_to, Hangup, header, main, Origin, response, Ringway

# A pool that is out would end connections in one way only.
KEYS = """
idle_connections_max = 1
breaker = { enabled = false }
outlier = { enabled = false }
"""


def test():
    def answer(request):
        if request.target == "/reset":
            request.connection.reset()
        if request.target == "/close":
            request.connection.send(header(200, {}), b"until close")
            raise Hangup
        return response(200, b"x" * 100_000)

    with Origin(answer) as origin, Ringway(forward_to(origin, pool_keys=KEYS)) as ringway:

        def round_of_ends():
            for number in range(60):
                client = ringway.client()
                target = ("/", "/reset", "/close", "/")[number % 4]
                client.ask("GET", target)
                if number % 3 == 0:
                    client.reset()
                elif number % 3 == 1:
                    client.reply()
                    client.close()
                else:
                    client.close()
            eventually(lambda: ringway.metric("ringway_shard_clients_open") == 0, "all clients are gone")
            eventually(
                lambda: ringway.metric("ringway_upstream_connections_open") <= 1,
                "upstream connections are gone",
            )
            return ringway.descriptors()

        first = round_of_ends()
        for _ in range(3):
            last = round_of_ends()
        check(last <= first + 2, f"descriptors after a round: {first}, after four: {last}")


if __name__ == "__main__":
    main(test)
