"""A new binary that ends, hangs or does not start, and a configuration that is broken or cannot be had: the old process serves
on as if nothing had been asked, says why in its log, and can be upgraded later."""

import os
import signal
import socket
import time

from harness import check, Dynasty, equal, forward_to, Load, main, Program, SLOW


def test():
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    with Program("origin") as origin:
        with Dynasty(forward_to(origin.address), process='upgrade_timeout = "1s"', shards="count = 2") as ringway:
            kept = ringway.client()
            kept.get("/")
            with Load(ringway, clients=4) as load:
                ringway.replace_binary("#!/bin/sh\nexit 7\n")
                check("it ended with status 7" in ringway.fail_to_upgrade(), "a binary that ends")
                ringway.replace_binary("#!/bin/sh\nkill -SEGV $$\n")
                check("it ended by signal 11" in ringway.fail_to_upgrade(), "a binary that crashes")
                ringway.replace_binary("#!/bin/sh\nexec sleep 1000\n")
                start = time.monotonic()
                reason = ringway.fail_to_upgrade()
                check("it was not ready after 1 s and was ended" in reason, reason)
                check(time.monotonic() - start < 6 * SLOW, "within its time")
                ringway.replace_binary("no program\n")
                check("cannot start" in ringway.fail_to_upgrade(), "a binary that is none")

                ringway.replace_binary()
                for text, expected in (
                    (ringway.text.replace("count = 2", "count = nobody"), "ringway.toml:"),
                    (ringway.text.replace(f":{ringway.port}", f":{taken.getsockname()[1]}"), "cannot listen on"),
                    (ringway.text.replace(f":{ringway.admin_port}", f":{taken.getsockname()[1]}"), "admin address"),
                ):
                    ringway.folder.file("ringway.toml", text)
                    reason = ringway.fail_to_upgrade()
                    check(expected in reason, f"{expected}: {reason}")
                load.more(50)
                equal(load.failed(), [], "what clients noticed")
                reply = kept.get("/")
                equal((reply.status, reply.get("Connection")), (200, None), "a connection from before")
                equal(ringway.admin("/readyz")[0], 200, "/readyz")
                children = [pid for pid in os.listdir("/proc") if pid.isdigit() and parent_of(pid) == ringway.pid]
                equal(children, [], "no new process is left")

                ringway.folder.file("ringway.toml", ringway.text)
                ringway.upgrade()
                load.more(50)
                equal(load.failed(), [], "what clients noticed of the upgrade that did not fail")
            os.kill(ringway.past[0], signal.SIGUSR2)  # it drains, and has nothing to give
            equal(ringway.get("/").status, 200, "afterwards")
    taken.close()


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


if __name__ == "__main__":
    main(test)
