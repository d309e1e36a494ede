"""A response that ends when its connection does arrives whole, short or long, and ends the client's message as well."""

import zlib

from harness import equal, forward_to, Hangup, header, main, Origin, pattern, Ringway


def test():
    def answer(request):
        request.connection.send(header(200, {"Content-Type": "x/y"}), pattern(int(request.target[1:]), 3))
        raise Hangup

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway:
        for size in (0, 10, 100_000, 2_000_000):
            with ringway.client() as client:
                reply = client.get(f"/{size}")
                equal(reply.status, 200, "status")
                equal(zlib.crc32(reply.body), zlib.crc32(pattern(size, 3)), f"body of {size}")


if __name__ == "__main__":
    main(test)
