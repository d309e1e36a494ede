"""A chunked response arrives whole, and the connections on both sides carry the next request."""

import zlib

from harness import check, chunked, equal, forward_to, header, main, Origin, pattern, Ringway


def test():
    def answer(request):
        sizes = [int(size) for size in request.target[1:].split(",")]
        pieces = [pattern(size, number) for number, size in enumerate(sizes)]
        return header(200, {"Transfer-Encoding": "chunked"}) + chunked(*pieces)

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for sizes in ([1], [3, 4, 5], [100_000, 1, 400_000], [7] * 1000, [0]):
            reply = client.get("/" + ",".join(map(str, sizes)))
            wanted = b"".join(pattern(size, number) for number, size in enumerate(sizes))
            check(reply.chunked(), "the reply is chunked")
            equal(zlib.crc32(reply.body), zlib.crc32(wanted), f"body of chunks {sizes[:5]}")
        equal(origin.used_connections(), 1, "upstream connections")


if __name__ == "__main__":
    main(test)
