"""Response bodies of many sizes reach the client whole, those that go by splice included."""

import zlib

from harness import equal, forward_to, main, Origin, pattern, response, Ringway


def test():
    def answer(request):
        size = int(request.target[1:])
        return response(200, pattern(size, size))

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for size in (0, 1, 1000, 16384, 32767, 65536, 65537, 131_072, 1_000_000, 3_000_001, 5):
            reply = client.get(f"/{size}")
            equal(reply.get("Content-Length"), str(size), "Content-Length")
            equal(zlib.crc32(reply.body), zlib.crc32(pattern(size, size)), f"body of {size}")
        equal(origin.used_connections(), 1, "upstream connections: each body ended where it should")


if __name__ == "__main__":
    main(test)
