"""When a check that gets no answer takes an upstream out, what waits there moves on, as after a missed probe. When a check
is answered badly the upstream lives: what waits there waits on."""

import threading

from harness import Checked, check, equal, eventually, forward_to, health_check, main, response, Ringway, SLOW

KEYS = 'suspicion = { enabled = false }\nbalance = "round_robin"\n' + health_check(interval=f"{40 * SLOW:.0f}ms", fall=2)


def test():
    release = threading.Event()

    def held(_request):
        release.wait(20 * SLOW)
        return response(200, b"", {"X-Origin": "a"})

    for verdict, reason in ((held, "check_unanswered"), (response(500), "check_failed")):
        release.clear()
        with Checked("a", answer=held) as a, Checked("b") as b, Ringway(
            forward_to(a, b, pool_keys=KEYS), shards="count = 1"
        ) as ringway:
            ringway.wait_state(a, "healthy")
            ringway.wait_state(b, "healthy")
            gets = [ringway.client() for _ in range(4)]
            for client in gets:
                client.ask("GET", "/")
            eventually(lambda: a.served() + b.served() == 4, "all are sent")
            equal(a.served(), 2, "requests that wait")
            post = ringway.client()
            while a.served() == 2:
                post.ask("POST", "/", body=b"pay")
                eventually(lambda: a.served() + b.served() > 4, "a POST is sent")
                if a.served() == 2:
                    post.reply()
            a.verdict = verdict
            equal(ringway.wait_state(a, "unhealthy")["reason"], reason, "reason")
            if verdict is held:
                by = sorted(client.reply().get("X-Origin") for client in gets)
                equal(by, ["b"] * 4, "who answered the GETs")
                equal(ringway.pool()["moved"], 2, "moved")
                check(post.silent_for(0.1), "the POST waits on")
                release.set()
            else:
                equal(ringway.pool()["moved"], 0, "moved")
                release.set()
                by = sorted(client.reply().get("X-Origin") for client in gets)
                equal(by, ["a", "a", "b", "b"], "who answered the GETs")
            reply = post.reply()
            equal((reply.status, reply.get("X-Origin")), (200, "a"), "the answer to the POST")
            for client in [*gets, post]:
                client.close()


if __name__ == "__main__":
    main(test)
