"""Through ringway: every body is whole, ringway's own counter agrees, and --watch gives the CPU time of each request."""

from loading import Program, Ringway, check, equal, forward_to, main, ringload, url_of


def test():
    with Program("a", "--body-bytes", "3000") as origin, Ringway(forward_to(origin)) as ringway:
        before = ringway.metric("ringway_listener_requests_total")
        flags = ("-c", 8, "--checksum", "field:X-Checksum", "--watch", ringway.process.pid)
        done = ringload(url_of(ringway.port), "-n", 5000, *flags)
        equal(done["requests"]["answered"], 5000, "answered")
        equal(done["requests"]["errors"], 0, f"errors: {done['failures']}")
        equal(ringway.metric("ringway_listener_requests_total") - before, 5000, "requests that ringway counted")
        watched = done["cpu"]["watched"][0]
        equal(watched["pid"], ringway.process.pid, "pid")
        check(0.5 < watched["us_per_request"] < 5000, f"CPU time of ringway: {watched}")
        check(done["cpu"]["ringload_us_per_request"] > 0, f"CPU time of ringload: {done['cpu']}")
        check(done["bytes"]["received"] > 5000 * 3000, f"bytes {done['bytes']}")


if __name__ == "__main__":
    main(test)
