"""What happens again and again is told once in the window, then with its count; what stands is told again, more severely."""

import time

from harness import SLOW, Checked, Receiver, Ringway, check, equal, eventually, forward_to, health_check, main, response, webhook

BAD = response(500)
GOOD = response(200, b"ok")


def flapping():
    with Receiver() as ops, Checked("a") as a, Checked("b") as b:
        body = forward_to(a, b, pool_keys=health_check(fall="1", rise="1"))
        body += '[alerts]\ndedup_window = "4s"\n' + webhook("ops", ops.url())
        with Ringway(body, environment={"no_proxy": "127.0.0.1"}) as ringway:
            ringway.wait_state(a, "healthy")
            for _ in range(3):
                a.verdict = BAD
                ringway.wait_state(a, "unhealthy")
                a.verdict = GOOD
                ringway.wait_state(a, "healthy")
            # a busy machine adds outages of its own: each was told by itself or is in the count of a notice
            outages = len(ringway.events("unhealthy", upstream="a"))

            def posts():
                return ops.got(kind="unhealthy", upstream="a")

            def told():
                alone = [post for post in posts() if post["status"] == "firing" and post["repeats"] == 0]
                return len(alone) + sum(post["repeats"] for post in posts())

            eventually(lambda: told() == outages, f"{outages} outages are told of", 8)
            check(posts()[-1].at - posts()[0].at > 3.9, f"the window: {posts()[-1].at - posts()[0].at}")
            equal((posts()[0]["status"], posts()[-1]["status"]), ("firing", "resolved"), "how it began and stands")
            check(posts()[-1]["repeats"] >= 1, f"a count: {posts()[-1].body}")
            check(len(posts()) < 2 * outages, f"{len(posts())} posts of {outages} outages")
            check(ringway.metric("ringway_alerts_deduplicated_total", webhook="ops") >= 2, "not told")


def standing():
    def slow(_request):
        time.sleep(0.12 * SLOW)
        return GOOD

    with Receiver() as ops, Receiver() as night, Checked("a") as a, Checked("b") as b:
        checks = health_check(expected_latency=f'"{60 * SLOW:.0f}ms"', interval=f"{300 * SLOW:.0f}ms")
        body = forward_to(a, b, pool_keys=checks)
        body += '[alerts]\ndedup_window = "100ms"\nescalate_after = "1s"\n'
        body += webhook("ops", ops.url()) + webhook("night", night.url(), 'severity_min = "critical"')
        with Ringway(body, environment={"no_proxy": "127.0.0.1"}) as ringway:
            ringway.wait_state(a, "healthy")
            a.verdict = slow
            first, second, third = ops.wait(3, seconds=10, kind="degraded", upstream="a")[:3]
            equal([post["severity"] for post in (first, second, third)], ["warning", "critical", "critical"], "severity")
            equal([post["escalations"] for post in (first, second, third)], [0, 1, 2], "escalations")
            check(second.at - first.at > 0.95, f"after {second.at - first.at}")
            equal(night.wait(1, upstream="a")[0]["escalations"], 1, "whoever is told of critical ones only")
            a.verdict = GOOD
            for receiver in (ops, night):
                over = receiver.wait(1, kind="degraded", upstream="a", status="resolved")[0]
                equal((over["severity"], over["since"]), ("critical", first["time"]), "its end")
            count = len(ops.got())
            time.sleep(1.5)
            equal(len(ops.got()), count, "posts after its end")
            eventually(lambda: ringway.metric("ringway_alerts_queued") == 0, "nothing waits")


def test():
    flapping()
    standing()


if __name__ == "__main__":
    main(test)
