"""The first piece of a body is at the origin before the client sends the second: nothing is buffered whole."""

import threading

from harness import check, equal, forward_to, main, Origin, response, Ringway, SLOW


def test():
    arrived = []
    told = threading.Event()

    def handler(request):
        arrived.append(request.connection.reader.exactly(5))
        told.set()
        arrived.append(request.connection.reader.exactly(5))
        return response(200, b"".join(arrived))

    with Origin(handler, read_body=False) as origin, Ringway(
        forward_to(origin)
    ) as ringway, ringway.client() as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        check(told.wait(5 * SLOW), "the first piece arrives before the second is sent")
        client.send("SECON")
        equal(client.reply().body, b"firstSECON", "echoed body")


if __name__ == "__main__":
    main(test)
