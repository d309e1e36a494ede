"""With the newer kernel features switched off every kind of message passes all the same."""

import zlib

from harness import chunked, equal, forward_to, header, main, Origin, pattern, response, Ringway


def test():
    def answer(request):
        if request.target == "/chunked":
            return header(200, {"Transfer-Encoding": "chunked"}) + chunked(pattern(100_000, 1), b"x")
        if request.target == "/big":
            return response(200, pattern(2_000_000, 2))
        return response(200, request.body)

    body_in = pattern(500_000, 3)
    for features in ('"recv_credit"', '"recv_credit", "multishot_receive"'):
        with Origin(answer) as origin, Ringway(
            forward_to(origin), shards=f"kernel_features_off = [{features}]"
        ) as ringway:
            for _ in range(3):
                with ringway.client() as client:
                    for _ in range(3):
                        equal(
                            zlib.crc32(client.get("/chunked").body),
                            zlib.crc32(pattern(100_000, 1) + b"x"),
                            "chunked body",
                        )
                        equal(
                            zlib.crc32(client.get("/big").body), zlib.crc32(pattern(2_000_000, 2)), "big body"
                        )
                        equal(zlib.crc32(client.post("/", body_in).body), zlib.crc32(body_in), "echoed body")
            with ringway.client() as client:
                client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
                for _ in range(10):
                    equal(client.reply().status, 200, "pipelined answer")


if __name__ == "__main__":
    main(test)
