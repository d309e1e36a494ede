"""A repeatable request that an upstream resets before answering goes to the next one, its body kept for it."""

import json
import zlib

from harness import check, equal, forward_to, main, Origin, pattern, Ringway


def test():
    def dies(request):
        request.connection.reset()

    with Origin(dies, name="dies") as bad, Origin(name="works") as good, Ringway(
        forward_to(bad, good, pool_keys='balance = "round_robin"')
    ) as ringway, ringway.client() as client:
        for number in range(8):
            body = pattern(20_000, number)
            reply = client.request("PUT", "/", body=body)
            equal((reply.status, reply.get("X-Origin")), (200, "works"), "reply")
            equal(json.loads(reply.body)["body_crc"], zlib.crc32(body), "body")
        check(bad.count() >= 1, "the bad upstream was tried")  # and then avoided until a probe has told


if __name__ == "__main__":
    main(test)
