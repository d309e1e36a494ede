"""Whoever operates a ringway during the soak: every verb that there is, in an order that a seed fixes, each judged by its answer.

Upstreams `steady` and `calm` of the pool are never touched, so that there is always one for every request."""

import json
import os
import signal
import socket
import time

from harness import Controlled, Dynasty, EventStream, check, equal, eventually, free_port, pool
from harness.client import Client
from harness.message import Ended
from harness.upgrading import Events, Tunnel

TOUCHED = ("left", "right")
EXTRAS_MAX = 6
STREAMS_MAX = 8
PAGES = ("/status", "/config", "/config/pending", "/shards", "/pools", "/upstreams", "/breakers", "/events?limit=100", "/drain",
         "/routes/explain?listener=main&method=GET&host=a&target=/x", "/openapi.json", "/readyz", "/healthz")
BALANCES = ("p2c", "least_request", "peak_ewma", "round_robin", "maglev", "random")
IDLE = 'idle_timeout = "3s"\n'  # of pools that stay, so that connections are gone soon after the load
BAD_FILES = ("[[listener]\n", "[nonsense]\nx = 1\n", '[[route]]\nname = "lost"\npath = "/lost"\npool = "nowhere"\n',
             '[[pool]]\nname = "empty"\nbalance = "dice"\n')


class Soaked(Controlled, Dynasty):
    """Takes changes by its API, and is upgraded."""


class Extra:
    """A pool with a route to it, and perhaps a listener, that comes and goes under a name of its own."""

    def __init__(self, number, prng, addresses, ports):
        self.number = number
        self.upstreams = [(f"up-{number}-{i}", prng.choice(addresses)) for i in range(prng.randint(1, 4))]
        self.port = ports.pop() if ports and prng.random() < 0.4 else None
        self.balance = prng.choice(BALANCES)
        self.checked = prng.random() < 0.5
        self.weight = 1

    def change(self, prng, addresses):
        what = prng.randrange(4)
        if what == 0:
            self.balance = prng.choice(BALANCES)
        elif what == 1:
            self.weight = prng.randint(1, 9)
        elif what == 2:
            self.checked = not self.checked
        else:
            name, _ = self.upstreams.pop()
            self.upstreams.append((name + "x", prng.choice(addresses)))

    def text(self):
        keys = f'balance = "{self.balance}"\n'
        if self.checked:
            keys += '[[pool.health.check]]\npath = "/health"\ninterval = "1s"\n'
        members = [f'[[pool.upstream]]\nname = "{name}"\naddress = "{address}"\nweight = {self.weight}\n'
                   for name, address in self.upstreams]
        text = pool(f"pool-{self.number}", *members, extra=keys)
        text += f'[[route]]\nname = "route-{self.number}"\npath_prefix = "/extra-{self.number}"\npool = "pool-{self.number}"\n'
        if self.port:
            text += f'[[listener]]\nname = "listener-{self.number}"\naddress = "127.0.0.1:{self.port}"\n'
        return text


def settings(origins, sockets):
    """Routes and pools that are there all the time."""
    checks = '[[pool.health.check]]\npath = "/health"\ninterval = "1s"\n'
    text = '[[route]]\nname = "tunnels"\npath_prefix = "/ws"\npool = "tunnels"\n'
    text += '[[route]]\nname = "events"\npath_prefix = "/sse"\npool = "events"\n[[route]]\nname = "all"\npool = "main"\n'
    text += pool("main", *origins, extra=f'{IDLE}queue = {{ wait_max = "10s" }}\n{checks}')
    return text + pool("events", *origins[2:], extra=IDLE) + pool("tunnels", sockets, extra=IDLE)


class Operator:
    """`tally` counts what was done, and has the failures."""

    def __init__(self, ringway, origins, prng, tally):
        self.ringway = ringway
        self.addresses = [each.address for each in origins]
        self.prng = prng
        self.tally = tally
        self.extras = []
        self.streams = []
        self.numbers = 0
        self.ports = [free_port() for _ in range(3)]
        self.taken = socket.create_server(("127.0.0.1", 0))  # without SO_REUSEPORT: nobody else listens there
        self.verbs = [(self.reload, 30), (self.by_hand, 30), (self.read, 12), (self.try_out, 6), (self.stream, 6),
                      (self.spoil, 5), (self.rotate, 3)]

    def act(self):
        """One of the verbs; what went wrong is a failure, and the next one goes on."""
        verbs, weights = zip(*self.verbs)
        self.attempt(self.prng.choices(verbs, weights)[0])

    def attempt(self, verb):
        try:
            verb()
        except (AssertionError, Ended, OSError, KeyError, ValueError) as fault:
            self.tally.fail(f"{verb.__name__}: {fault!r}"[:600])

    # -- reloads --

    def text(self, extras):
        return self.ringway.text + "".join(extra.text() for extra in extras)

    def put(self, extras):
        """As the file; in force once it is loaded."""
        self.ringway.folder.file("ringway.toml", self.text(extras))
        gone = [extra for extra in self.extras if extra not in extras]
        self.ports += [extra.port for extra in gone if extra.port]
        self.extras = extras

    def other_extras(self):
        """With one more under a fresh name, one changed, or one less."""
        extras = list(self.extras)
        what = self.prng.random()
        if what < 0.45 and len(extras) < EXTRAS_MAX or not extras:
            self.numbers += 1
            extras.append(Extra(self.numbers, self.prng, self.addresses, self.ports))
        elif what < 0.65:
            self.prng.choice(extras).change(self.prng, self.addresses)
        else:
            extras.remove(self.prng.choice(extras))
        return extras

    def load(self):
        """The file, by one of the two ways."""
        if self.prng.random() < 0.5:
            self.ringway.reload()
        else:
            self.ringway.change("/reload")
        self.tally.count("reloads")

    def reload(self):
        self.put(self.other_extras())
        self.load()
        self.look()

    def look(self):
        """The newest extra serves, by every listener that it has."""
        if not self.extras:
            return
        extra = self.extras[-1]
        for port in filter(None, (self.ringway.port, extra.port)):
            with Client(port) as client:
                equal(client.get(f"/extra-{extra.number}").status, 200, f"extra {extra.number} on port {port}")

    def try_out(self):
        """A configuration on trial, which ends in each of the ways that there are."""
        end = self.prng.choice(["confirm", "revert", "run out", "reload"])
        before, extras = self.extras, self.other_extras()
        query = f"confirm={'1s' if end == 'run out' else '30s'}" + self.prng.choice(["", "&abort_if=errors%3E50%25"])
        self.change_by_text(f"/config/apply?{query}", self.text(extras), 200)
        check(self.ringway.page("/config/pending")["pending"], "it waits for its confirmation")
        if end == "confirm":
            self.ringway.change("/config/confirm")
            self.put(extras)
        elif end == "revert":
            self.ringway.change("/config/revert")
        elif end == "run out":
            eventually(lambda: not self.ringway.page("/config/pending")["pending"], "the trial runs out", 20)
        else:
            self.load()
        self.ports += [extra.port for extra in extras if extra.port and extra not in before and extra not in self.extras]
        self.tally.count("trials")
        self.look()

    def change_by_text(self, path, text, status):
        reply = self.ringway.control("POST", path, text.encode(), kind="application/toml")
        equal(reply.status, status, f"POST {path}: {reply.text()[:300]}")
        return json.loads(reply.body)

    def spoil(self):
        """Files that are refused: by their text, or since nobody can listen there."""
        text = self.text(self.extras)
        generation = self.ringway.metric("ringway_config_generation")
        if self.prng.random() < 0.3:
            bad = f'{text}[[listener]]\nname = "taken"\naddress = "127.0.0.1:{self.taken.getsockname()[1]}"\n'
            self.change_by_text("/config/apply?confirm=30s", bad, 409)
        else:
            bad = text + self.prng.choice(BAD_FILES)
            self.change_by_text("/config/apply?confirm=30s", bad, 422)
            self.ringway.folder.file("ringway.toml", bad)
            if self.prng.random() < 0.5:
                self.ringway.refused("POST", "/reload", 422, "invalid_config")
            else:
                before = self.ringway.log_count("the configuration was not reloaded")
                os.kill(self.ringway.pid, signal.SIGHUP)
                eventually(lambda: self.ringway.log_count("the configuration was not reloaded") > before, "it is refused", 20)
            self.ringway.folder.file("ringway.toml", text)
        equal(self.ringway.metric("ringway_config_generation"), generation, "the generation in force")
        self.tally.count("refused files")

    # -- upstreams and breakers --

    def by_hand(self):
        many = [(f"pool-{extra.number}", extra.upstreams[0][0]) for extra in self.extras if len(extra.upstreams) > 1]
        place, name = self.prng.choice([("main", each) for each in TOUCHED] + many)
        path = f"{place}/{name}"
        verb = self.prng.choice(["drain", "maintenance", "ready", "ready", "weight", "no weight", "open", "close", "reset"])
        if verb == "weight":
            self.ringway.change(f"/upstreams/{path}/weight", "PUT", {"weight": self.prng.randint(0, 9)})
        elif verb == "no weight":
            self.ringway.change(f"/upstreams/{path}/weight", "DELETE")
        elif verb in ("open", "close", "reset"):
            self.ringway.change(f"/breakers/{path}/{verb}")
        else:
            self.ringway.change(f"/upstreams/{path}/{verb}")
        self.tally.count("changes by hand")
        if verb == "drain" and place == "main":
            eventually(lambda: self.ringway.upstream(name)["connections"] == 0, f"{name} is left", 30)
            self.tally.count("drains waited for")

    def let_go(self):
        """Nothing is set by hand any more."""
        for name in TOUCHED:
            self.ringway.change(f"/upstreams/main/{name}/ready")
            self.ringway.change(f"/upstreams/main/{name}/weight", "DELETE")
            self.ringway.change(f"/breakers/main/{name}/reset")

    # -- what is looked at --

    def read(self):
        page = self.prng.choice(PAGES)
        status, text = self.ringway.admin(page)
        equal(status, 200, f"{page}: {text[:200]}")
        if page not in ("/readyz", "/healthz"):
            json.loads(text)
        self.tally.count("pages")

    def rotate(self):
        """As logrotate does."""
        path = self.ringway.access_path
        if os.path.exists(path):
            os.rename(path, path + ".1")
        os.kill(self.ringway.pid, signal.SIGUSR1)
        eventually(lambda: os.path.exists(path), "the access log is there anew", 20)
        if os.path.exists(path + ".1"):
            os.remove(path + ".1")
        self.tally.count("log rotations")

    def stream(self):
        """A stream more; the oldest ends when they are many."""
        if len(self.streams) >= STREAMS_MAX:
            self.end_stream(self.streams.pop(0))
        self.streams.append(self.prng.choice([Events, Tunnel])(self.ringway))

    def end_stream(self, stream):
        before = stream.units
        eventually(lambda: stream.units > before or stream.fault, "a stream goes on", 30)
        stream.end()
        check(not stream.fault, stream.fault)
        self.tally.count("streams of events and tunnels")

    # -- the whole --

    def upgrade(self):
        start = time.monotonic()
        self.ringway.upgrade()
        self.tally.count("upgrades")
        return time.monotonic() - start

    def rest(self):
        """Everything back as it was at the start."""
        while self.streams:
            stream = self.streams.pop()
            self.attempt(lambda stream=stream: self.end_stream(stream))
        self.attempt(self.let_go)
        self.put([])
        self.attempt(self.load)
        self.attempt(self.rotate)

    def close(self):
        self.taken.close()


class Follower:
    """A client of /events that comes and goes: `visit` after `visit`, each from where the last one ended."""

    def __init__(self, ringway, prng, tally):
        self.ringway = ringway
        self.prng = prng
        self.tally = tally
        self.last = None

    def visit(self, ending):
        """A few seconds of events, each next to the one before, which may have been of an older process and an earlier visit; cut
        short once `ending` is set."""
        pid = self.ringway.pid
        until = time.monotonic() + self.prng.uniform(0.5, 6)
        try:
            with EventStream(self.ringway, last_id=self.last, seconds=0.5) as stream:
                while time.monotonic() < until and not ending.is_set():
                    try:
                        found = stream.event()["id"]
                    except TimeoutError:
                        continue
                    if self.last not in (None, found - 1):
                        self.tally.fail(f"follower: event {found} follows {self.last}")
                    self.last = found
                    self.tally.count("events followed")
        except (AssertionError, Ended, OSError) as fault:
            # an upgrade ends them, shortly before it is known who serves
            give_up = time.monotonic() + 5
            while self.ringway.pid == pid and time.monotonic() < give_up:
                time.sleep(0.05)
            if self.ringway.pid == pid:
                self.tally.fail(f"follower: {fault!r}")
        self.tally.count("visits to /events")


__all__ = ["Follower", "Operator", "Soaked", "settings"]
