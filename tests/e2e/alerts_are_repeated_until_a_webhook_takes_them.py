"""A webhook that answers 503 and 429 gets an alert again, with growing pauses and as its Retry-After says, in order."""

from harness import Program, Receiver, Ringway, check, equal, eventually, forward_to, free_port, health_check, main, webhook


def test():
    answers = [503, (429, {"Retry-After": "1"}), 500]
    checks = health_check(interval="1s", fast_interval='"100ms"', fall="2", rise="2")
    with Receiver(lambda n: answers[n] if n < len(answers) else 200) as receiver, Program("a") as a, Program("b") as b:
        body = forward_to(a, b, pool_keys=checks) + webhook("ops", receiver.url())
        body += webhook("nobody", f"http://127.0.0.1:{free_port()}/s3cret", "retries_max = 2")
        with Ringway(body, environment={"no_proxy": "127.0.0.1"}) as ringway:
            ringway.wait_state(a, "healthy")
            a.kill()
            receiver.wait(4, kind="unhealthy", status="firing")
            a.start()
            receiver.wait(1, kind="unhealthy", status="resolved")
            posts = receiver.got()
            equal([post["status"] for post in posts], ["firing"] * 4 + ["resolved"], "in order")
            equal({post["event_id"] for post in posts[:4]}, {posts[0]["event_id"]}, "the same alert")
            check(posts[2].at - posts[1].at > 0.98, f"Retry-After: {posts[2].at - posts[1].at}")
            eventually(lambda: ringway.metric("ringway_alerts_sent_total", webhook="ops") == 2, "sent")
            equal(ringway.metric("ringway_alerts_retried_total", webhook="ops"), 3, "retried")
            equal(ringway.metric("ringway_alerts_failed_total", webhook="ops"), 0, "failed")
            eventually(lambda: ringway.metric("ringway_alerts_failed_total", webhook="nobody") == 2, "given up")
            equal(ringway.metric("ringway_alerts_retried_total", webhook="nobody"), 4, "attempts at nobody")
            said = ringway.stderr()
            check("nobody was not told of an alert" in said, said)
            check("ops takes alerts again" in said, said)
            check("s3cret" not in said, said)


if __name__ == "__main__":
    main(test)
