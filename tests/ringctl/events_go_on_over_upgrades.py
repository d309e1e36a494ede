"""events -f over upgrades of a real ringway: the stream of the old process ends in good order, the new one's goes on from there;
each event comes once, the ids have no gap, and nothing that the old process sees while it drains is among them. The new one has
what the old one told, too."""

import json
import re

from asking import Checked, Dynasty, EventStream, Held, Steered, check, equal, eventually, forward_to, health_check, main
from asking import response


def change(steered, count):
    """So many times two events."""
    for _ in range(count):
        steered.does("drain", "a")
        steered.does("ready", "a")


def events_of(lines):
    return [json.loads(line) for line in lines]


def last_id(steered):
    return json.loads(steered.does("status", "--json").out)["last_event_id"]


def each_event_once(steered, b):
    ringway = steered.ringway
    with steered.running("events", "-f", "--json") as run, EventStream(ringway, seconds=20) as raw:
        eventually(lambda: run.out, "those that were there")
        for number in range(3):
            change(steered, 2)
            # Seen by both processes, since the old one drains for as long as /slow takes.
            ringway.upgrade()
            b.verdict = response(500 if number % 2 == 0 else 200)
            ringway.wait_state(b, "unhealthy" if number % 2 == 0 else "healthy", 20)
            change(steered, 1)
            # A process that is not there any more is asked by nobody.
            told = len(ringway.events())
            check(told >= 3, f"the new process's events: {told}")
            eventually(lambda: run.out and events_of(run.out)[-1]["id"] >= last_id(steered), "the last event", 20)
        found = events_of(run.out)
        ids = [event["id"] for event in found]
        equal(ids, list(range(ids[0], ids[0] + len(ids))), "each once, without a gap")
        turns = [event["kind"] for event in found if event["upstream"] == "b" and event["kind"] != "healthy"]
        equal(turns, ["unhealthy", "recovered", "unhealthy"], "what was seen of b")
        equal(sum(event["kind"] == "draining" for event in found), 9, "every change by hand")
        said = " ".join(run.err)
        check("the stream of events has ended; trying again" in said, f"it says that it came back: {said}")
        check("anew" not in said and "no longer kept" not in said, f"and nothing else: {said}")
        return raw_ids(raw)


def raw_ids(raw):
    """What the first process's stream had, up to its end in good order."""
    while True:
        got = raw.client.sock.recv(65536)
        if not got:
            return [int(one) for one in re.findall(rb"^id: (\d+)$", raw.text, re.M)]
        raw.text += got


def nothing_is_missed_by_who_was_away(steered, b):
    """What the old process has told is kept by the new one."""
    b.verdict = response(200)
    steered.ringway.wait_state(b, "healthy", 20)
    steered.ringway.wait_event("recovered", upstream="b")
    newest = last_id(steered)
    before = json.loads(steered.does("events", "--limit", "1000", "--json").out)
    steered.ringway.upgrade()
    change(steered, 1)
    eventually(lambda: last_id(steered) >= newest + 2, "the new ones")
    with steered.running("events", "-f", "--after", newest - 3, "--json") as late:
        eventually(lambda: len(late.out) >= 5, f"3 old ones and 2 new ones: {late.out} {late.err}")
        ids = [event["id"] for event in events_of(late.out)]
        equal(ids[:5], list(range(newest - 2, newest + 3)), "old and new ones")
        check(not late.err, f"nothing to say: {late.err}")
    after = json.loads(steered.does("events", "--limit", "1000", "--json").out)
    equal(after[: len(before)], before, "the old ones, word for word")


def test():
    answer = Held()
    with Checked("a", answer=answer) as a, Checked("b", answer=answer) as b:
        body = forward_to(a, b, pool_keys=health_check(interval="1s", fast_interval='"100ms"', fall=2, rise=1))
        with Steered(body, kind=Dynasty, graceful_timeout="60s") as steered:
            ringway = steered.ringway
            ringway.wait_state(b, "healthy")
            first = ringway.pid
            with ringway.client(seconds=60) as slow:
                slow.ask("GET", "/slow")
                eventually(lambda: a.served() + b.served() == 1, "it is at an origin")
                ids = each_event_once(steered, b)
                check(ringway.status_of(first) is None, "the first process is still there")
                equal(ids, list(range(ids[0], ids[0] + len(ids))), "of its stream")
                nothing_is_missed_by_who_was_away(steered, b)
                answer.release.set()
                equal(slow.reply().body, b"done", "what it waited for")


if __name__ == "__main__":
    main(test)
