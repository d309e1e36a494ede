"""Under the strict filter names are resolved, upstreams checked, bodies carried, logs reopened, and the drain is clean."""

import os
import signal
import zlib

from harness import equal, eventually, forward_to, health_check, main, Origin, pattern, response, Ringway


def test():
    body = pattern(2_000_000, 7)
    with Origin(lambda request: response(200, body)) as origin:
        pool = forward_to(f"localhost:{origin.port}", pool_keys=health_check())
        with Ringway(pool, shards="count = 2", process='seccomp = "strict"') as ringway:
            for _ in range(4):
                equal(zlib.crc32(ringway.get("/big").body), zlib.crc32(body), "body")
            ringway.wait_state(f"localhost:{origin.port}", "healthy")
            ringway.access_lines(4)
            os.rename(ringway.access_path, ringway.access_path + ".1")
            ringway.signal(signal.SIGUSR1)
            eventually(lambda: os.path.exists(ringway.access_path), "the access log is opened anew")
            equal(ringway.get("/").status, 200, "status")
            ringway.access_lines(1)
            equal(ringway.admin("/metrics")[0], 200, "metrics")


if __name__ == "__main__":
    main(test)
