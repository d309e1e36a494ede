"""Requests and responses with bodies pass without a copy in user space, and long bodies go by splice."""

import zlib

from harness import check, equal, forward_to, main, Origin, pattern, response, Ringway


def test():
    def answer(request):
        return response(200, pattern(2_000_000 if request.target == "/long" else 2000, 1))

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for _ in range(20):
            client.get("/")
            client.post("/", b"x" * 5000)
        equal(ringway.metric("ringway_copied_bytes_total"), 0, "copied bytes")
        reply = client.get("/long")
        equal(zlib.crc32(reply.body), zlib.crc32(pattern(2_000_000, 1)), "long body")
        spliced = ringway.metric("ringway_shard_spliced_bytes_total")
        check(spliced > 1_500_000, f"spliced bytes: {spliced}")


if __name__ == "__main__":
    main(test)
