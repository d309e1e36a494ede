"""Both logs go to files in the formats that were asked for, and SIGUSR1 opens them anew; repeats are summed up."""

import json
import os
import re
import signal
import time

from harness import Checked, Ringway, TemporaryFolder, check, equal, eventually, forward_to, health_check, main, response

COMBINED = re.compile(
    r'^(\S+) - - \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d) \+0000\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"$')


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as log:
            return log.read().splitlines()
    except FileNotFoundError:
        return []


def test():
    with TemporaryFolder() as folder, Checked("a") as a, Checked("b") as b:
        path = os.path.join(folder.path, "ringway.log")
        log = f'path = "{path}"\nformat = "json"\naccess_format = "combined"\nrepeats_max = 2\nrepeats_window = "2s"'
        body = forward_to(a, b, pool_keys=health_check(fall="1", rise="1"))
        with Ringway(body, log=log) as ringway:
            ringway.wait_state(a, "healthy")
            a.verdict = response(500)
            ringway.wait_state(a, "unhealthy")
            event = ringway.wait_event("unhealthy", upstream="a")

            def told():
                return [line for line in map(json.loads, lines_of(path)) if line.get("kind") == "unhealthy"]

            line = eventually(told, "a line of the event")[0]
            wanted = {"level": "error", "room": "health", "event": event["id"], "pool": "main", "upstream": "a",
                      "from": "healthy", "to": "unhealthy", "reason": event["reason"], "evidence": event["evidence"]}
            equal({key: line.get(key) for key in wanted}, wanted, "members")
            check(line["message"].startswith("pool main upstream a: unhealthy"), line["message"])

            with ringway.client(source="127.0.0.6") as client:
                client.get("/x?y=1", **{"User-Agent": 'odd "agent"', "Referer": "http://r/"})
            match = COMBINED.match(eventually(lambda: lines_of(ringway.access_path), "an access line")[0])
            check(match, lines_of(ringway.access_path))
            equal((match[1], match[3], match[4], match[6], match[7]),
                  ("127.0.0.6", "GET /x?y=1 HTTP/1.1", "200", "http://r/", 'odd \\x22agent\\x22'), "combined line")

            for moved in (path, ringway.access_path):
                os.rename(moved, moved + ".1")
            ringway.signal(signal.SIGUSR1)
            eventually(lambda: os.path.exists(path) and os.path.exists(ringway.access_path), "both are there again")
            ringway.get("/after")
            eventually(lambda: "GET /after " in "".join(lines_of(ringway.access_path)), "the new access log")
            check("/after" not in "".join(lines_of(ringway.access_path + ".1")), "the old one is left alone")

            for _ in range(5):  # each time both lines, with their numbers
                for verdict, state in ((response(200), "healthy"), (response(500), "unhealthy")):
                    a.verdict = verdict
                    ringway.wait_state(a, state)
            time.sleep(2)
            eventually(lambda: [line for line in lines_of(path) if "more like it: pool main upstream a" in line], "a sum", 8)
            check(ringway.metric("ringway_log_lines_held_back_total") >= 2, "held back")
            check(ringway.metric("ringway_log_lines_total") > 5, "lines")
            equal(ringway.stderr(), "", "stderr")


if __name__ == "__main__":
    main(test)
