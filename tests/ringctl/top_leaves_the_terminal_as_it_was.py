"""However top ends, by a key or a signal, the terminal has its modes, its screen and its cursor back; and so while it is stopped
by Ctrl-Z."""

import os
import signal

from asking import StandIn, check, equal, eventually, main, on_a_terminal
from asking.stand_in import upstream_page

PAGES = {
    "GET /status": {"version": "1", "phase": "accepting"},
    "GET /shards": [],
    "GET /pools": [],
    "GET /upstreams": [upstream_page("api", "a")],
}


def shown(server):
    run = on_a_terminal("top", "--interval", "100ms", admin=server)
    run.__enter__()
    run.until(lambda text: "api/a" in text, "it shows")
    check(run.screen.other and not run.screen.cursor, "the other screen, and no cursor")
    check(not run.is_restored(), "the terminal is top's")
    return run


def ends(server, how, status):
    run = shown(server)
    try:
        how(run)
        equal(run.finish(), status, "exit status")
        eventually(run.is_restored, "the terminal is as it was")
    finally:
        run.__exit__()


def stopped_and_continued(server):
    run = shown(server)
    try:
        run.press("\x1a")
        eventually(lambda: state_of(run.process.pid) == "T", "it is stopped")
        eventually(run.is_restored, "the terminal is as it was meanwhile")
        os.kill(run.process.pid, signal.SIGCONT)
        eventually(lambda: run.screen.other and not run.is_restored(), "it is back on its screen")
        run.until(lambda text: "api/a" in text, "and shows")
        run.press("q")
        equal(run.finish(), 0, "exit status")
        eventually(run.is_restored, "the terminal is as it was")
    finally:
        run.__exit__()


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test():
    with StandIn(PAGES) as server:
        ends(server, lambda run: run.press("q"), 0)
        ends(server, lambda run: run.press("\x03"), -signal.SIGINT)
        ends(server, lambda run: run.press("\x1c"), -signal.SIGQUIT)
        for number in (signal.SIGTERM, signal.SIGHUP):
            ends(server, lambda run, number=number: run.process.send_signal(number), -number)
        stopped_and_continued(server)


if __name__ == "__main__":
    main(test)
