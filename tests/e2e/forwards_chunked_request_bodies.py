"""A chunked request body arrives whole and framed, in whatever pieces its chunks are sent, and the connection stays usable."""

import json
import time
import zlib

from harness import check, chunked, equal, forward_to, main, Origin, pattern, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        head = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for seed, sizes in enumerate(([1], [10, 20, 30], [70_000, 1, 200_000], [5] * 300)):
            pieces = [pattern(size, seed * 1000 + number) for number, size in enumerate(sizes)]
            client.send(head, chunked(*pieces))
            seen = json.loads(client.reply().body)
            equal(seen["body_crc"], zlib.crc32(b"".join(pieces)), f"body of chunks {sizes[:5]}")
            check(["Transfer-Encoding", "chunked"] in seen["fields"], "the upstream request is chunked")
        wire = head + chunked(b"one", b"two", b"three")
        for byte in wire:
            client.send(bytes([byte]))
            time.sleep(0.0005)
        equal(
            json.loads(client.reply().body)["body_crc"], zlib.crc32(b"onetwothree"), "body sent byte by byte"
        )


if __name__ == "__main__":
    main(test)
