"""The package and its units under a systemd that was booted (booted.py), in the order of a life: each test goes on from where the
one before it left the service. Clients are in the network of the run, and so is ringway's own port."""

import re
import socket
import time

from booted import Booted
from checks import Wrong, check
from clients import Asker, Clients, answers, body_of
from fresh import CONFIG

BIND = 1 << 10  # CAP_NET_BIND_SERVICE
PORT, LOW_PORT = 8080, 800
SERVICE, SOCKET = "ringway.service", "ringway.socket"
# A stall of the machine for a second is no reason for it.
WATCHDOG_SECONDS = 4


class Case:
    """The booted Debian, and what a test does to it. What systemd says of a command is a finding."""

    def __init__(self, fresh):
        self.fresh = fresh
        self.booted = Booted(fresh.root, fresh.space / "systemd")
        self.config = fresh.path(CONFIG)

    def __enter__(self):
        self.booted.__enter__()
        return self

    def __exit__(self, *what):
        self.booted.__exit__(*what)

    def dpkg(self, *arguments):
        done = self.booted.inside("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confold", *arguments)
        check(done.returncode == 0, f"dpkg {arguments}: {done.stdout}{done.stderr}")
        return done.stderr

    def wait_for(self, port=PORT):
        self.booted.wait(lambda: answers(port), f"it answers on {port}")

    def check_same(self, main, what):
        """It is active, and that process is the main one and was never started again."""
        now = self.booted.state(), self.booted.main_pid()
        check(now == ("active", main), f"{what}: {now} where {main} was: {self.booted.why()}")

    def say(self, body):
        """Another text for the page that it answers."""
        text = self.config.read_text()
        self.config.write_text(re.sub(r"^respond = .*$", f'respond = {{ body = "{body}" }}', text, flags=re.M))

    def hand_over(self, *command):
        """By that command: the new process is the main one of a unit that was active all the time, and no client noticed."""
        booted = self.booted
        old, since = booted.main_pid(), booted.show("ActiveEnterTimestampMonotonic")
        with Clients(PORT, anew=2, kept=2) as clients:
            done = booted.inside(*command)
            check(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
            booted.wait(lambda: booted.main_pid() not in ("0", old), "systemd follows to the new process")
            clients.wait_for_more()
        check(booted.state() == "active", f"the unit is {booted.state()}: {booted.why()}")
        check(booted.show("ActiveEnterTimestampMonotonic") == since, f"the unit was started anew: {booted.why()}")
        return old


def reports(test):
    """What systemd does not do in time is a finding, as any other."""

    def tried(case):
        try:
            test(case)
        except RuntimeError as what:
            raise Wrong(what) from None

    tried.__name__ = test.__name__
    return tried


def installing_starts_it(case):
    case.dpkg("-i", case.fresh.give(case.fresh.package))
    booted = case.booted
    check(booted.is_active(), f"it is not active: {booted.why()}")
    case.wait_for()
    check(not booted.is_active(SOCKET), "the socket is active, which nobody asked for")
    check(booted.show("WatchdogUSec") == "30s", f"WatchdogUSec is {booted.show('WatchdogUSec')}")
    check(booted.show("StatusText") == "serving", f"its status is {booted.show('StatusText')}")


def it_runs_as_the_unit_says(case):
    booted = case.booted
    case.config.write_text(case.config.read_text().replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{LOW_PORT}"))
    booted.systemctl("restart", SERVICE)
    case.wait_for(LOW_PORT)
    of_process = booted.main_process()
    check(of_process["Uid"].split() == [str(case.fresh.user().pw_uid)] * 4, f"its user is {of_process['Uid']}")
    check(int(of_process["CapPrm"], 16) == BIND, f"its capabilities are {of_process['CapPrm']}")
    check(int(of_process["Seccomp_filters"]) >= 2, "systemd's filter and its own are not both there")
    case.config.write_text(case.config.read_text().replace(f"127.0.0.1:{LOW_PORT}", f"127.0.0.1:{PORT}"))
    main = booted.main_pid()
    booted.systemctl("reload", SERVICE)
    case.wait_for()
    case.check_same(main, "a reload to another port")


def ringctl_may_change_it_from_the_start(case):
    """With a token that only root and the group can read, and that stays the same."""
    booted = case.booted
    token = case.fresh.path("var/lib/ringway/admin.token")
    made, secret = token.stat(), token.read_text()
    user = case.fresh.user()
    who = made.st_uid, made.st_gid, made.st_mode & 0o777
    check(who == (user.pw_uid, user.pw_gid, 0o640), f"the token belongs to {who}")
    check(len(secret.strip()) == 32, "the token is not of 24 bytes")
    booted.systemctl("restart", SERVICE)
    case.wait_for()
    check(token.read_text() == secret, "a restart makes another token")
    done = booted.inside("ringctl", "reload")
    check(done.returncode == 0, f"ringctl reload: {done.stdout}{done.stderr}")
    done = booted.inside("ringctl", "--token-file", "/etc/hostname", "reload")
    check(done.returncode == 1 and "token" in done.stderr, f"with another token: {done.returncode} {done.stdout}{done.stderr}")


def a_killed_one_is_started_anew(case):
    booted = case.booted
    main = booted.main_pid()
    booted.inside("kill", "-KILL", main)
    booted.wait(lambda: booted.is_active() and booted.main_pid() not in ("0", main), "it is started anew")
    case.wait_for()


def a_reload_is_told_and_loses_nothing(case):
    booted = case.booted
    main = booted.main_pid()
    case.say("another page")
    with Clients(PORT, anew=2, kept=2):
        booted.systemctl("reload", SERVICE)
        booted.wait(lambda: body_of(PORT) == "another page", "the new page is answered")
    case.check_same(main, "a reload")
    check(booted.show("ReloadResult") == "success", f"ReloadResult is {booted.show('ReloadResult')}")


def systemd_sees_how_long_a_reload_takes(case):
    """A name server that never answers makes it take the 3 s that names are waited for."""
    booted = case.booted
    main, before = booted.main_pid(), case.config.read_text()
    names = case.fresh.path("etc/resolv.conf")
    asked, used = names.read_text(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with used:
        used.bind(("127.0.0.1", 53))
        names.write_text("nameserver 127.0.0.1\n")
        case.config.write_text(f'{before}\n[[pool]]\nname = "late"\n[[pool.upstream]]\naddress = "nowhere.example:80"\n')
        booted.systemctl("kill", "--kill-who=main", "--signal=HUP", SERVICE)
        booted.wait(lambda: booted.state() == "reloading", "the unit is reloading")
        check(answers(PORT), "it does not answer while it reloads")
        booted.wait(lambda: booted.state() != "reloading", "the reload ends")
        case.check_same(main, "a reload")
        names.write_text(asked)
        case.config.write_text(before)
        booted.systemctl("reload", SERVICE)


def a_reload_of_a_bad_file_fails_and_says_why(case):
    booted = case.booted
    main, before, cursor = booted.main_pid(), case.config.read_text(), booted.cursor()
    case.config.write_text(before + '[[listener]]\nname = "web"\n')
    with Clients(PORT, anew=1, kept=1):
        done = booted.inside("systemctl", "reload", SERVICE)
        check(done.returncode != 0, f"systemctl reload says nothing of a bad file: {done.stdout}{done.stderr}")
        booted.wait(lambda: "the configuration was not reloaded" in booted.journal(cursor), "the journal says it")
    case.check_same(main, "a reload of a bad file")
    said = booted.journal(cursor)
    check(re.search(r"/etc/ringway/ringway\.toml:\d+:\d+: ", said), f"the journal does not say where: {said}")
    case.config.write_text(before)
    booted.systemctl("reload", SERVICE)
    case.check_same(main, "a reload of a mended file")


def systemd_follows_an_upgrade(case):
    booted = case.booted
    case.hand_over("ringctl", "upgrade")
    old = case.hand_over("systemctl", "kill", "--kill-who=main", "--signal=USR2", SERVICE)
    booted.wait(lambda: old not in booted.processes(), "the old process ends")
    main = booted.main_pid()
    check(booted.processes() == [main], f"its processes are {booted.processes()}, the main one is {main}")
    booted.systemctl("reload", SERVICE)
    case.check_same(main, "a reload behind an upgrade")
    slow = Asker(PORT)
    slow.ask()
    slow.begin()
    time.sleep(0.5)  # until it has been read
    booted.systemctl("stop", "--no-block", SERVICE)
    booted.wait(lambda: not answers(PORT), "it stops accepting")
    check(slow.end() == "another page", "a request that was on its way is not answered")
    slow.close()
    booted.wait(lambda: booted.state() == "inactive", "it ends")
    how = booted.state(), booted.show("Result"), booted.show("ExecMainStatus"), booted.processes()
    check(how == ("inactive", "success", "0", []), f"it ended with {how}: {booted.why()}")
    check(not answers(PORT), "somebody answers when it is stopped")
    booted.systemctl("start", SERVICE)


def an_upgrade_that_fails_is_in_the_status(case):
    booted = case.booted
    main, before = booted.main_pid(), case.config.read_text()
    case.config.write_text("nothing = here\n")
    with Clients(PORT, anew=1, kept=1):
        booted.systemctl("kill", "--kill-who=main", "--signal=USR2", SERVICE)
        booted.wait(lambda: "failed" in booted.show("StatusText"), "the status says that it failed")
    case.check_same(main, "an upgrade that failed")
    said = booted.show("StatusText")
    check(said.startswith("serving; the upgrade at ") and "ringway.toml:1:" in said, f"the status is {said}")
    case.config.write_text(before)


def a_successor_that_dies_is_started_anew(case):
    """While the old process still drains, whose child it is, and not systemd's."""
    booted = case.booted
    open_connection = Asker(PORT)
    open_connection.ask()
    case.hand_over("ringctl", "upgrade")
    dead = booted.main_pid()
    began = time.monotonic()
    booted.inside("kill", "-KILL", dead)
    booted.wait(lambda: booted.is_active() and booted.main_pid() not in ("0", dead), "it is started anew")
    case.wait_for()
    check(time.monotonic() - began < 20, "it took longer than a drain")
    open_connection.close()


def a_process_that_stands_still_is_replaced(case):
    booted = case.booted
    folder = case.fresh.path("etc/systemd/system/ringway.service.d")
    folder.mkdir()
    (folder / "watchdog.conf").write_text(f"[Service]\nWatchdogSec={WATCHDOG_SECONDS}\n")
    booted.systemctl("daemon-reload")
    booted.systemctl("restart", SERVICE)
    check(booted.show("WatchdogUSec") == f"{WATCHDOG_SECONDS}s", f"WatchdogUSec is {booted.show('WatchdogUSec')}")
    case.hand_over("ringctl", "upgrade")  # the watchdog goes on with the new process
    main = booted.main_pid()
    time.sleep(WATCHDOG_SECONDS + 1)
    case.check_same(main, "a process that lives is left alone by the watchdog")
    cursor = booted.cursor()
    booted.inside("kill", "-STOP", main)
    booted.wait(lambda: booted.is_active() and booted.main_pid() not in ("0", main), "the watchdog has it replaced")
    check("result 'watchdog'" in booted.journal(cursor), f"it was not the watchdog: {booted.journal(cursor)}")
    case.wait_for()
    (folder / "watchdog.conf").unlink()
    folder.rmdir()
    booted.systemctl("daemon-reload")
    booted.systemctl("restart", SERVICE)


def the_socket_starts_it(case):
    booted = case.booted
    booted.systemctl("stop", SERVICE)
    booted.systemctl("enable", "--now", SOCKET)
    check((booted.is_active(SOCKET), booted.is_active()) == (True, False), f"the socket does not wait alone: {booted.why()}")
    check(body_of(PORT) == "another page", "the first client is not answered")
    check(booted.is_active(), f"it is not active: {booted.why()}")
    booted.systemctl("stop", SERVICE)
    check((booted.is_active(SOCKET), booted.is_active()) == (True, False), f"the socket does not outlive it: {booted.why()}")
    check(answers(PORT), "a client is not answered when it was stopped")


def restarts_refuse_nobody_with_the_socket(case):
    booted = case.booted
    cursor = booted.cursor()
    with Clients(PORT, anew=6, kept=0) as clients:
        for _ in range(4):
            main = booted.main_pid()
            booted.systemctl("restart", SERVICE)
            check(booted.main_pid() != main, "it was not restarted")
            clients.wait_for_more()
    check("is closed: no listener" not in booted.journal(cursor), "it did not want the socket")
    case.hand_over("ringctl", "upgrade")
    with Clients(PORT, anew=6, kept=0):
        booted.systemctl("restart", SERVICE)


def both_stop_in_order(case):
    booted = case.booted
    booted.systemctl("stop", SOCKET, SERVICE)
    how = [booted.inside("systemctl", "show", "--value", "--property=ActiveState,Result", unit).stdout.split()
           for unit in (SOCKET, SERVICE)]
    check(all(sorted(each) == ["inactive", "success"] for each in how), f"they ended as {how}: {booted.why()}")
    check(not answers(PORT) and not booted.processes(), "somebody is left")


def a_new_version_takes_over_in_place(case):
    booted = case.booted
    booted.systemctl("start", SOCKET, SERVICE)
    case.wait_for()
    newer = case.fresh.give(case.fresh.newer("next"))
    case.hand_over("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confold", "-i", newer)
    check(runs_what_is_installed(case), "what runs is not what was installed")
    check(booted.is_active(SOCKET), "the socket was stopped")


def runs_what_is_installed(case):
    path = case.booted.inside("readlink", f"/proc/{case.booted.main_pid()}/exe").stdout.strip()
    return path.endswith("/usr/bin/ringway")


def a_new_version_that_cannot_serve_changes_nothing(case):
    booted = case.booted
    main, before = booted.main_pid(), case.config.read_text()
    newest = case.fresh.give(case.fresh.newer("newest"))
    case.config.write_text("nothing = here\n")
    with Clients(PORT, anew=2, kept=2):
        said = case.dpkg("-i", newest)
    case.check_same(main, "a version that cannot serve")
    check("the version before goes on" in said and "ringway.toml:1:" in said, f"dpkg says {said!r}")
    case.config.write_text(before)
    case.hand_over("ringctl", "upgrade")
    check(runs_what_is_installed(case), "what runs is not what was installed")


def a_removal_stops_both_and_a_purge_leaves_nothing(case):
    booted = case.booted
    case.dpkg("-r", "ringway")
    left = [unit for unit in (SOCKET, SERVICE) if booted.is_active(unit)]
    check(not left and not booted.processes() and not answers(PORT), f"left running: {left} {booted.processes()}")
    check("another page" in case.config.read_text(), "the configuration is gone")
    case.dpkg("-P", "ringway")
    found = booted.inside("find", "/", "/run", "/tmp", "-xdev", "-iname", "*ringway*").stdout.split()
    left = {path.lstrip("/") for path in found} - case.fresh.before
    check(not left, f"left: {sorted(left)}")
    units = booted.systemctl("list-units", "--all", "--plain", "--no-legend", "ringway*").strip()
    check(not units, f"systemd still knows {units}")


TESTS = [reports(test) for test in (
    installing_starts_it,
    it_runs_as_the_unit_says,
    ringctl_may_change_it_from_the_start,
    a_killed_one_is_started_anew,
    a_reload_is_told_and_loses_nothing,
    systemd_sees_how_long_a_reload_takes,
    a_reload_of_a_bad_file_fails_and_says_why,
    systemd_follows_an_upgrade,
    an_upgrade_that_fails_is_in_the_status,
    a_successor_that_dies_is_started_anew,
    a_process_that_stands_still_is_replaced,
    the_socket_starts_it,
    restarts_refuse_nobody_with_the_socket,
    both_stop_in_order,
    a_new_version_takes_over_in_place,
    a_new_version_that_cannot_serve_changes_nothing,
    a_removal_stops_both_and_a_purge_leaves_nothing,
)]

__all__ = ["TESTS", "Case"]
