"""Too many header bytes or fields get 431, too long a target 414; just below the bounds all pass."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    listener = "header_bytes_max = 4096\nheader_fields_max = 20\nuri_bytes_max = 1000"
    with Origin() as origin, Ringway(forward_to(origin), listener=listener) as ringway:

        def status(target="/", fields=()):
            with ringway.client() as client:
                client.ask("GET", target, fields)
                reply = client.reply()
                if reply.status != 200:
                    check(client.wait_closed(), "closed after the refusal")
                return reply.status

        equal(status(fields={"X": "y" * 3900}), 200, "a head below the bound")
        equal(status(fields={"X": "y" * 4096}), 431, "a head above it")
        equal(status(fields={f"X{n}": "1" for n in range(19)}), 200, "20 fields with Host")
        equal(status(fields={f"X{n}": "1" for n in range(20)}), 431, "21 fields")
        equal(status("/" + "a" * 999), 200, "the longest target")
        equal(status("/" + "a" * 1000), 414, "a longer target")
        with ringway.client() as client:  # hopeless before it is whole
            client.send("GET /" + "a" * 3000)
            equal(client.reply().status, 414, "an endless target")
        equal(origin.count(), 3, "requests at the origin")
        equal(ringway.metric("ringway_refused_total", reason="header_too_large"), 2, "431 counted")
        equal(ringway.metric("ringway_refused_total", reason="uri_too_long"), 2, "414 counted")


if __name__ == "__main__":
    main(test)
