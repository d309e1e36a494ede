"""After a 101 both directions are raw bytes, whatever the protocol, early bytes included; a half-close passes through."""

import threading

from harness import check, equal, forward_to, Hangup, header, main, Origin, pattern, Ringway


def test():
    def answer(request):
        equal(request.get("Upgrade"), "echo/1", "Upgrade at the origin")
        check("upgrade" in request.get("Connection", "").lower(), "Connection names it")
        connection = request.connection
        # the first tunnel bytes come in the same write as the 101
        connection.send(
            header(101, {"Upgrade": "echo/1", "Connection": "Upgrade"}, "Switching Protocols"), b"early"
        )
        while connection.reader.kept or connection.reader.more():
            data, connection.reader.kept = connection.reader.kept, b""
            connection.send(data)
        connection.send(b"bye")
        raise Hangup

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n")
        reply = client.reply()
        equal((reply.status, reply.get("Upgrade")), (101, "echo/1"), "reply")
        equal(client.reader.exactly(5), b"early", "bytes behind the 101")
        for seed, size in enumerate((1, 10, 100_000, 3)):
            data = pattern(size, seed)
            sender = threading.Thread(target=client.send, args=(data,))
            sender.start()
            equal(client.reader.exactly(size), data, "echo")
            sender.join()
        client.finish_sending()
        equal(client.rest(), b"bye", "what the origin says after the client's half-close")


if __name__ == "__main__":
    main(test)
