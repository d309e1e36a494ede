"""A request that is overdue has its upstream probed; one that answers the probe is left alone, however long it takes."""

import threading

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW

KEYS = 'balance = "round_robin"\n[pool.suspicion]\noverdue_min = "30ms"\n' + health_check(
    interval="2s", fast_interval='"2s"'
)


def test():
    release = threading.Event()

    def answer(request):
        if request.target == "/think":
            release.wait(10 * SLOW)
        return response(200, b"", {"X-Origin": request.connection.origin.name})

    with Checked("a", answer=answer) as a, Checked("b", answer=answer) as b, Ringway(
        forward_to(a, b, pool_keys=KEYS)
    ) as ringway, ringway.client() as client:
        ringway.wait_state(a, "healthy")
        ringway.wait_state(b, "healthy")
        for _ in range(40):
            client.get("/")
        checks = len(a.checks()), len(b.checks())
        client.ask("GET", "/think")
        eventually(lambda: a.served() + b.served() == 41, "it is sent")
        slow = a if a.requests[-1].target == "/think" else b
        eventually(lambda: ringway.upstream(slow)["probes"]["answered"] >= 1, "a probe is answered")
        check(len(slow.checks()) > checks[0 if slow is a else 1], "the probe is its check")
        check(client.silent_for(0.3), "the request waits on")
        probes = ringway.upstream(slow)["probes"]
        check(probes["sent"] <= 6, f"probes get rarer: {probes}")
        equal(probes["missed"], 0, "missed")
        release.set()
        reply = client.reply()
        equal((reply.status, reply.get("X-Origin")), (200, slow.name), "the answer, late")
        pool = ringway.pool()
        equal((pool["moved"], pool["retries"], pool["hedges"]), (0, 0, 0), "sent once")
        equal(ringway.events("unhealthy", "breaker_open", "ejected"), [], "events")


if __name__ == "__main__":
    main(test)
