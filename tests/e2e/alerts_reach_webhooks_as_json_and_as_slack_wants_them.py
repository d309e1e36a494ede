"""What befalls an upstream is posted to webhooks, as JSON and in Slack's form, by severity, and again when it is over."""

from harness import Program, Receiver, Ringway, check, equal, eventually, forward_to, health_check, main, webhook


def test():
    checks = health_check(interval="1s", fast_interval='"100ms"', fall="2", rise="2")
    with Receiver() as ops, Receiver() as slack, Receiver() as calm, Program("a") as a, Program("b") as b:
        body = forward_to(a, b, pool_keys=checks)
        body += webhook("ops", ops.url("/hook?token=s3cret"), 'headers = { "X-Token" = { env = "HOOK_TOKEN" } }')
        body += webhook("slack", slack.url(), 'format = "slack"\nseverity_min = "critical"')
        body += webhook("calm", calm.url(), 'events = ["panic"]\nseverity_min = "info"')
        environment = {"HOOK_TOKEN": "t0ken", "no_proxy": "127.0.0.1"}
        with Ringway(body, environment=environment) as ringway:
            ringway.wait_state(a, "healthy")
            a.kill()
            down = ops.wait(kind="unhealthy", upstream="a", status="firing")[0]
            equal((down["severity"], down["pool"], down["source"]), ("critical", "main", "ringway"), "members")
            event = ringway.wait_event("unhealthy", upstream="a")
            equal(down["event_id"], event["id"], "event id")
            equal((down["time"], down["reason"], down["evidence"]),
                  (event["time"], event["reason"], event["evidence"]), "what the event says")
            equal(down.path, "/hook?token=s3cret", "path")
            equal(down.fields.get("X-Token"), "t0ken", "field of the webhook")
            a.start()
            over = ops.wait(kind="unhealthy", upstream="a", status="resolved")[0]
            equal((over["event"], over["key"], over["since"]), ("recovered", down["key"], down["time"]), "what is over")

            begun, ended = slack.wait(2)[:2]
            check(begun["text"].startswith("CRITICAL: pool main upstream a: unhealthy"), begun["text"])
            equal(begun["attachments"][0]["color"], "danger", "color")
            check(ended["text"].startswith("RESOLVED: pool main upstream a: recovered"), ended["text"])

            eventually(lambda: ringway.metric("ringway_alerts_sent_total", webhook="slack") == 2, "slack's count")
            equal(ringway.metric("ringway_alerts_sent_total", webhook="calm"), 0, "not asked for")
            equal(calm.got(), [], "not asked for")
            pages = [ringway.admin(path)[1] for path in ("/events", "/metrics", "/upstreams", "/pools", "/config")]
            said = ringway.stderr() + "".join(pages)
            for secret in ("s3cret", "t0ken"):
                check(secret not in said, f"a secret is told: {said[max(0, said.find(secret) - 200):][:300]}")


if __name__ == "__main__":
    main(test)
