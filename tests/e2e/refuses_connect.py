"""CONNECT is refused and nothing is connected."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        client.send("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        reply = client.reply()
        check(reply.status in (405, 501), f"status {reply.status}")
        equal(origin.count(), 0, "requests at the origin")


if __name__ == "__main__":
    main(test)
