"""A client that half-closes after its request still gets the whole answer, then the end."""

import time
import zlib

from harness import check, equal, forward_to, main, Origin, pattern, response, Ringway


def test():
    def answer(request):
        time.sleep(0.2)
        return response(200, pattern(200_000, 1))

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        client.finish_sending()
        equal(zlib.crc32(client.reply().body), zlib.crc32(pattern(200_000, 1)), "body")
        check(client.wait_closed(), "the connection ends after the answer")


if __name__ == "__main__":
    main(test)
