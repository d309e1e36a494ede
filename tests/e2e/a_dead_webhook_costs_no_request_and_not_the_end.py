"""A webhook that takes alerts and never answers loses no request, delays no other webhook, and does not hold up the end."""

import os
import time

from harness import BlackHole, Load, Program, Receiver, Ringway, SLOW, check, equal, eventually, forward_to, health_check
from harness import main, webhook


def threads_of(ringway):
    """Thread id -> name."""
    folder = f"/proc/{ringway.process.pid}/task"
    names = {}
    for thread in os.listdir(folder):
        with open(f"{folder}/{thread}/comm", encoding="ascii") as name:
            names[thread] = name.read().strip()
    return names


def inheritable(ringway):
    """Its descriptors above stderr that are not closed on exec."""
    folder = f"/proc/{ringway.process.pid}"
    found = []
    for number in os.listdir(f"{folder}/fd"):
        try:
            with open(f"{folder}/fdinfo/{number}", encoding="ascii") as text:
                flags = int(next(line for line in text if line.startswith("flags:")).split()[1], 8)
            if int(number) > 2 and not flags & os.O_CLOEXEC:
                found.append((number, os.readlink(f"{folder}/fd/{number}")))
        except OSError:
            continue  # closed meanwhile
    return found


def test():
    checks = health_check(fall="2", rise="2")
    with BlackHole() as hole, Receiver() as good, Program("a") as a, Program("b") as b:
        body = forward_to(a, b, pool_keys=checks)
        body += '[alerts]\ndedup_window = "0s"\nqueue_max = 5\n'
        body += webhook("hole", hole.url("/s3cret"), 'timeout = "60s"\nseverity_min = "info"')
        body += webhook("good", good.url(), 'events = "unhealthy"')
        with Ringway(body, environment={"no_proxy": "127.0.0.1"}) as ringway:
            ringway.wait_state(a, "healthy")
            check("rw-alerts" in threads_of(ringway).values(), "the alerts have a thread of their own")
            with Load(ringway) as load:
                load.more(50)
                for round in range(3):
                    a.kill()
                    good.wait(round + 1, kind="unhealthy", status="firing", upstream="a")
                    a.start()
                    ringway.wait_state(a, "healthy")
                load.more(50)
            equal(load.failed(), [], "failed requests")
            check(hole.connections, "nothing was sent to the webhook that is dead")
            eventually(lambda: ringway.metric("ringway_alerts_dropped_total", webhook="hole") > 0, "its queue is bounded")
            equal(ringway.metric("ringway_alerts_queued", webhook="hole"), 5, "what waits for it")
            equal(ringway.metric("ringway_alerts_dropped_total", webhook="good"), 0, "dropped for the other")
            equal(inheritable(ringway), [], "descriptors that a started program would inherit")
            start = time.monotonic()
            ringway.signal(15)
            ringway.wait_end()
            took = time.monotonic() - start
            check(took < 1.0 + 1.5 * SLOW, f"the end took {took:.2f} s")  # 1 s, and a machine that stalls


if __name__ == "__main__":
    main(test)
