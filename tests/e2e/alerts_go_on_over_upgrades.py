"""What stands when a new process takes over is not told again, escalates as it would have, and its end is told once, though the old
process still drains and sees it, too."""

import time

from harness import Checked, Dynasty, Held, Receiver, check, equal, eventually, forward_to, health_check, main, response, webhook


def test():
    answer = Held()
    with Receiver() as ops, Checked("a", answer=answer) as a, Checked("b", answer=answer) as b:
        body = forward_to(a, b, pool_keys=health_check(fall="1", rise="1"))
        body += '[alerts]\nescalate_after = "3s"\ndedup_window = "100ms"\n' + webhook("ops", ops.url())
        with Dynasty(body, environment={"no_proxy": "127.0.0.1"}, graceful_timeout="60s") as ringway:
            ringway.wait_state(b, "healthy")
            first = ringway.pid
            with ringway.client(seconds=60) as slow:
                slow.ask("GET", "/slow")
                eventually(lambda: a.served() + b.served() == 1, "it is at an origin")
                before = time.monotonic()
                b.verdict = response(500)
                began = ops.wait(1, kind="unhealthy", upstream="b")[0]
                equal((began["status"], began["escalations"]), ("firing", 0), "it is told")
                ringway.upgrade()
                escalated = ops.wait(2, seconds=20, kind="unhealthy", upstream="b")[1]
                equal((escalated["status"], escalated["escalations"]), ("firing", 1), "told again for its age")
                check(escalated.at - before > 3, f"after {escalated.at - before} s")
                equal(escalated["since"], began["since"], "since when it stands")
                b.verdict = response(200)
                over = ops.wait(1, seconds=20, kind="unhealthy", upstream="b", status="resolved")[0]
                equal(over["since"], began["since"], "what is over")
                ringway.wait_state(b, "healthy", 20)
                check(ringway.status_of(first) is None, "the old process is still there")
                # it has seen the end by now: it looks as often as the new one
                eventually(lambda: ringway.log_count("upstream b: recovered") == 2, "both have seen it", 20)
                answer.release.set()
                equal(slow.reply().body, b"done", "what it waited for")
            eventually(lambda: ringway.status_of(first) == 0, "the old process has ended", 30)
            told = [(post["status"], post["escalations"]) for post in ops.got(kind="unhealthy", upstream="b")]
            firing = [count for status, count in told if status == "firing"]
            equal(firing, list(range(len(firing))), f"each escalation once: {told}")
            equal(len(told) - len(firing), 1, f"its end once: {told}")


if __name__ == "__main__":
    main(test)
