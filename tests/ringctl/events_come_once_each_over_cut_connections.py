"""events -f tells every event once: over connections that are cut in the middle of one, while the server is away, and when a new
process counts from 1 again."""

import json
import re

from asking import Running, StandIn, check, equal, eventually, main, ringctl
from asking.stand_in import event_of


def told(lines):
    """(life, number) of the events in lines of --json, or of people's."""
    text = "\n".join(lines)
    return [(int(life), int(number)) for number, life in re.findall(r"event (\d+) of life (\d+)", text)]


def cuts_lose_and_double_nothing():
    with StandIn(events=[event_of(n) for n in range(1, 41)]) as server:
        server.cuts = [3, 0, 1, 7]
        with Running("events", "-f", "--limit", 5, "--json", admin=server) as run:
            eventually(lambda: len(run.out) >= 5, "those that were there")
            for number in range(41, 81):
                with server.lock:
                    server.events.append(event_of(number))
            eventually(lambda: len(run.out) >= 45, "all that came", 20)
            with server.lock:
                server.events.append(event_of(81))
            eventually(lambda: len(run.out) >= 46, "one more", 20)
            equal(told(run.out), [(1, n) for n in range(36, 82)], "each once, in order")
            equal([json.loads(line)["id"] for line in run.out], list(range(36, 82)), "a line each, of JSON")
            check(server.streams >= 5, f"{server.streams} streams: it came back after each cut")
            equal(sum("trying again" in line for line in run.err) >= 1, True, f"it says so: {run.err}")


def a_new_process_begins_its_own_story():
    with StandIn(events=[event_of(n) for n in range(1, 31)]) as server:
        with Running("events", "-f", "--limit", 2, admin=server) as run:
            eventually(lambda: len(run.out) == 2, "the last two")
            port = server.port
            with server.lock:
                server.events.append(event_of(31))
            eventually(lambda: len(run.out) == 3, "one more")
            server.__exit__()
            eventually(lambda: any("trying again" in line for line in run.err), "it noticed")
            with StandIn(events=[event_of(n, life=2) for n in range(1, 5)], port=port) as anew:
                eventually(lambda: len(run.out) >= 7, "the new one's events", 20)
                with anew.lock:
                    anew.events.append(event_of(5, life=2))
                eventually(lambda: len(run.out) >= 8, "and the next", 20)
                equal(
                    told(run.out),
                    [(1, 29), (1, 30), (1, 31)] + [(2, n) for n in range(1, 6)],
                    "the old one's, then all of the new one's",
                )
                eventually(lambda: any("started anew" in line for line in run.err), f"it says so: {run.err}")


def a_gap_is_told_of():
    with StandIn(events=[event_of(n) for n in (1, 2)]) as server:
        server.cuts = [0]
        with Running("events", "-f", admin=server) as run:
            eventually(lambda: len(run.out) == 2, "the first two")
            with server.lock:
                server.events = [event_of(n) for n in (10, 11)]  # those between are no longer kept
            eventually(lambda: len(run.out) == 4, "what is kept", 20)
            eventually(lambda: any("7 events before the next are no longer kept" in line for line in run.err), f"{run.err}")


def pages_of_the_past():
    with StandIn(events=[event_of(n) for n in range(1, 101)]) as server:
        equal(told(ringctl("events", admin=server).lines()), [(1, n) for n in range(81, 101)], "the last 20")
        equal(told(ringctl("events", "--limit", 3, admin=server).lines()), [(1, n) for n in (98, 99, 100)], "the last 3")
        after = ringctl("events", "--after", 90, admin=server)
        equal(told(after.lines()), [(1, n) for n in range(91, 101)], "all after 90")
        equal(
            after.lines()[0],
            "2026-01-02T03:01:01.031Z  warning   unhealthy  api/a  (check_failed) event 91 of life 1, took 12.0 ms",
            "a line",
        )


def test():
    pages_of_the_past()
    cuts_lose_and_double_nothing()
    a_new_process_begins_its_own_story()
    a_gap_is_told_of()
    refused = ringctl("events", "-f", admin="127.0.0.1:1")
    equal(refused.status, 3, f"nobody there from the start: {refused}")


if __name__ == "__main__":
    main(test)
