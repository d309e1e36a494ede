"""Nobody notices an upstream that refuses connections: every request, POST included, is answered by the other."""

import json
import zlib

from harness import check, equal, forward_to, free_port, main, Origin, pattern, Ringway


def test():
    dead = f"127.0.0.1:{free_port()}"
    with Origin(name="alive") as alive, Ringway(
        forward_to(dead, alive, pool_keys='balance = "round_robin"')
    ) as ringway, ringway.client() as client:
        for number in range(20):
            body = pattern(number * 100, number)
            reply = client.post("/", body) if number % 2 else client.get("/")
            equal((reply.status, reply.get("X-Origin")), (200, "alive"), f"reply {number}")
            if number % 2:
                equal(json.loads(reply.body)["body_crc"], zlib.crc32(body), "body after the retry")
        check(ringway.metric("ringway_pool_retries_total") >= 1, "retries are counted")
        failed = ringway.metric("ringway_upstream_connect_failures_total")
        check(1 <= failed <= 3, f"{failed} failed connects: once found out, it is not asked again")


if __name__ == "__main__":
    main(test)
