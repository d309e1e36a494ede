"""Request bodies of many sizes arrive whole, in whatever pieces they are sent."""

import json
import time
import zlib

from harness import equal, forward_to, main, Origin, pattern, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for size in (0, 1, 100, 16383, 32768, 65536, 100_000, 1_000_000):
            body = pattern(size, size)
            seen = json.loads(client.post("/", body).body)
            equal((seen["body_bytes"], seen["body_crc"]), (size, zlib.crc32(body)), f"body of {size}")
        body = pattern(5000, 1)
        client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n")
        for start in range(0, len(body), 500):
            client.send(body[start : start + 500])
            time.sleep(0.005)
        equal(json.loads(client.reply().body)["body_crc"], zlib.crc32(body), "body sent in pieces")


if __name__ == "__main__":
    main(test)
