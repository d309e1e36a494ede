"""ringctl upgrade, against a real ringway: it ends when the new process serves, names it, and no request notices; when the new
one fails to start it says why, with exit status 1, and the old one goes on."""

import json
import shutil
import time

from asking import Dynasty, Load, Program, Steered, check, equal, eventually, forward_to, main
from harness.ground import RINGWAY


def upgrade(steered):
    said = []
    steered.ringway.upgrade(ask=lambda: said.append(steered.does("upgrade")))
    equal(said[0].err, "", "no complaint")
    equal(said[0].out, f"process {steered.ringway.pid} has taken over; the old one drains\n", "what it says")
    equal(json.loads(steered.does("status", "--json").out)["pid"], steered.ringway.pid, "who answers now")


def without_a_single_connection(steered):
    """The old process has nothing to wait for, and yet its last answer gets out."""
    for _ in range(12):
        upgrade(steered)
    steered.ringway.wait_past()


def under_load(steered):
    with Load(steered.ringway, clients=4) as load:
        eventually(lambda: len(load.answers) > 50, "requests")
        upgrade(steered)
        load.more(50)
        upgrade(steered)
        load.more(50)
        equal(load.failed(), [], "what clients noticed")


def with_binaries_that_fail(steered):
    ringway = steered.ringway
    with Load(ringway, clients=4) as load:
        for binary, words in (
            ("#!/bin/sh\nexit 7\n", "it ended with status 7"),
            ("#!/bin/sh\nexec sleep 1000\n", "it was not ready after 5 s"),
            ("no program\n", "cannot start"),
        ):
            ringway.replace_binary(binary)
            done = steered.does("upgrade", status=1)
            equal(done.out, "", "nobody has taken over")
            check(words in done.err, f"{words}: {done}")
        ringway.replace_binary()
        steered.rewrite(("[[route]]", "[[rout]]"))
        done = steered.does("upgrade", status=1)
        check("ringway.toml:" in done.err and "did you mean" in done.err, f"the file is bad: {done}")
        steered.rewrite()
        load.more(50)
        equal(load.failed(), [], "what clients noticed")
    equal(json.loads(steered.does("status", "--json").out)["pid"], ringway.pid, "the old one goes on")
    drained = steered.does("drain", "a")
    check(drained.out.startswith("main/a: draining"), f"and takes changes: {drained}")
    steered.does("ready", "a")
    upgrade(steered)


def changes_meanwhile(steered):
    """From the moment that the new process was told what is known, a change would be lost to it: it is refused."""
    ringway = steered.ringway
    slow = ringway.home.file("slow")
    shutil.copy2(RINGWAY, slow)
    ringway.replace_binary(f'#!/bin/sh\nsleep 1.5\nexec {slow} "$@"\n')
    steered.does("weight", "a", 7)

    def ask():
        count = ringway.log_count("upgrading: starting")
        with steered.running("upgrade") as run:
            eventually(lambda: ringway.log_count("upgrading: starting") > count, "it has begun", 20)
            time.sleep(0.5)
            for words in (["drain", "a"], ["weight", "a", 8], ["drain", "--all"]):
                done = steered.does(*words, status=1)
                check("a new process is taking over" in done.err, f"{words}: {done}")
            equal(run.finish(), 0, f"exit status: {run.err}")

    ringway.upgrade(ask=ask)
    shown = json.loads(steered.does("upstreams", "--json").out)[0]
    equal((shown["state"] == "draining", shown["weight"]), (False, 7), "as it was when the upgrade began")
    check(steered.does("drain", "a").out.startswith("main/a: draining"), "and now it is taken")


def test():
    with Program("a") as a:
        body = forward_to(f'[[pool.upstream]]\nname = "a"\naddress = "{a.address}"\n')
        with Steered(body, kind=Dynasty, process='upgrade_timeout = "5s"') as steered:
            without_a_single_connection(steered)
            with_binaries_that_fail(steered)
            under_load(steered)
            changes_meanwhile(steered)


if __name__ == "__main__":
    main(test)
