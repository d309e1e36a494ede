"""The real ringway binary on a configuration of the test's, on ports of its own, watched for every sign of a fault."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request

from harness.client import Client
from harness.ground import RINGWAY, SLOW, TemporaryFolder, check, eventually
from harness.origin import free_port

EVENTS_LAG_SECONDS = 0.06 * SLOW  # the chronicle visits every 20 ms, and holds what it finds for one visit
FAULTS = re.compile(
    r"assertion failed|ERROR: (Address|Leak|Undefined\w*)Sanitizer|WARNING: ThreadSanitizer|runtime error:",
    re.I,
)


def upstream(origin, extra=""):
    """A [[pool.upstream]] of an Origin, or of an address."""
    if isinstance(origin, str):
        return f'[[pool.upstream]]\nname = "{origin}"\naddress = "{origin}"\n{extra}\n'
    return f'[[pool.upstream]]\nname = "{origin.name}"\naddress = "{origin.address}"\n{extra}\n'


def pool(name, *origins, extra=""):
    """A [[pool]] with its upstreams: origins, addresses, or texts of upstream()."""
    parts = [
        text if text.startswith("[[") else upstream(text)
        for text in (origin if isinstance(origin, str) else upstream(origin) for origin in origins)
    ]
    return f'[[pool]]\nname = "{name}"\n{extra}\n' + "".join(parts)


def forward_to(*origins, pool_keys="", route_keys=""):
    """One catch-all route to one pool of these origins."""
    return f'[[route]]\nname = "all"\npool = "main"\n{route_keys}\n' + pool("main", *origins, extra=pool_keys)


class Ringway:
    """Started and ready when constructed; stopped with SIGTERM, and its end judged, on leaving the block.

    `body` is the TOML of routes and pools; `listener`, `shards`, `process`, `log`, `admin` are further lines of those sections.
    A line of stderr that has `pardoned` in it is no fault.
    """

    def __init__(
        self,
        body,
        listener="",
        shards="",
        process="",
        log="",
        admin="",
        ready="/readyz",
        graceful_timeout="2s",
        more_listeners="",
        environment=None,
        descriptors=None,
        binary=RINGWAY,
        inherit=(),
        admin_listen=None,
        pardoned=None,
    ):
        self.pardoned = pardoned
        self.folder = TemporaryFolder()
        self.port = free_port()
        self.admin_port = free_port()
        self.access_path = self.folder.file("access.log")
        if "count" not in shards and "cpus" not in shards:
            shards = f"count = {os.environ.get('RINGWAY_TEST_SHARDS', '1')}\n{shards}"
        self.text = f"""
[process]
graceful_timeout = "{graceful_timeout}"
{process}
[shards]
{shards}
[admin]
listen = "{admin_listen or f"127.0.0.1:{self.admin_port}"}"
{admin}
[log]
access_path = "{self.access_path}"
{log}
[[listener]]
name = "main"
address = "127.0.0.1:{self.port}"
{listener}
{more_listeners}
{body}
"""
        self.config = self.folder.file("ringway.toml", self.text)
        self.stderr_path = self.folder.file("stderr")
        self.ended = False
        before = None
        if descriptors:

            def before():
                import resource

                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                [binary, "-c", self.config],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env={**os.environ, **(environment or {})},
                preexec_fn=before,
                pass_fds=inherit,
            )
        try:
            self.wait_ready(ready)
        except BaseException:
            self.process.kill()
            self.process.wait()
            print(self.stderr())
            print(self.text)
            raise

    def wait_ready(self, path):
        def answered():
            check(
                self.process.poll() is None, f"ringway ended at start with status {self.process.returncode}"
            )
            return self.admin(path)[0] == 200

        eventually(answered, f"{path} answers 200", 10)

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as text:
            return text.read()

    def client(self, **options):
        return Client(self.port, **options)

    def get(self, target="/", **fields):
        """One GET on a connection of its own."""
        with self.client() as client:
            return client.get(target, **fields)

    def admin(self, path):
        """Status and text of an admin page; status 0 while nobody listens."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.admin_port}{path}", timeout=5 * SLOW) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name, **labels):
        """The sum of the samples of a metric whose labels include these."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            match = re.match(r"([a-z_]+)(?:\{(.*)\})? (\S+)$", line)
            if match and match.group(1) == name:
                have = dict(re.findall(r'(\w+)="([^"]*)"', match.group(2) or ""))
                if labels.items() <= have.items():
                    total += float(match.group(3))
        return total

    def page(self, path):
        """A JSON page of the admin listener."""
        status, text = self.admin(path)
        check(status == 200, f"{path} answers {status}: {text[:200]}")
        return json.loads(text)

    def upstream(self, upstream, pool="main"):
        """The member of /upstreams of an origin, or of a name."""
        return self.page(f"/upstreams/{pool}/{getattr(upstream, 'name', upstream)}")

    def pool(self, name="main"):
        """The member of /pools."""
        return next(pool for pool in self.page("/pools") if pool["name"] == name)

    def events(self, *kinds, after=0, **members):
        """The events of these kinds (all when none is given) whose members are these, the oldest first; those of the
        moment of the call included."""
        time.sleep(EVENTS_LAG_SECONDS)
        return [
            event
            for event in self.page(f"/events?after={after}")
            if (not kinds or event["kind"] in kinds)
            and all(event[name] == value for name, value in members.items())
        ]

    def wait_event(self, kind, seconds=5.0, **members):
        """The first event of that kind, once it is there."""
        return eventually(lambda: self.events(kind, **members), f"an event {kind} {members or ''}", seconds)[
            0
        ]

    def wait_state(self, upstream, state, seconds=5.0):
        """Waits until an upstream is in a state; returns its member of /upstreams."""
        name = getattr(upstream, "name", upstream)

        def there():
            found = self.upstream(name)
            return found if found["state"] == state else None

        return eventually(there, f"{name} is {state}", seconds)

    def access_lines(self, count=1):
        """The access log, once it has that many lines."""

        def lines():
            try:
                with open(self.access_path, encoding="utf-8") as log:
                    text = log.read()
            except FileNotFoundError:
                return None
            found = text.splitlines()
            return found if len(found) >= count and text.endswith("\n") else None

        return [json.loads(line) for line in eventually(lines, f"{count} lines in the access log")]

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def signal(self, number):
        self.process.send_signal(number)

    def wait_end(self, seconds=10.0):
        """The exit status."""
        status = self.process.wait(seconds * SLOW)
        self.ended = True
        return status

    def stop(self):
        """Ends it as an operator would, and judges how it ended."""
        if not self.ended:
            check(
                self.process.poll() is None,
                f"ringway ended by itself, status {self.process.returncode}\n{self.stderr()}",
            )
            self.signal(signal.SIGTERM)
            try:
                self.wait_end(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"ringway did not end after SIGTERM\n{self.stderr()}") from None
        judged = [line for line in self.stderr().splitlines() if not self.pardoned or self.pardoned not in line]
        check(not any(map(FAULTS.search, judged)), f"ringway reported a fault:\n{self.stderr()}")
        check(self.process.returncode == 0, f"exit status {self.process.returncode}\n{self.stderr()}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
            else:
                time.sleep(0.1)
                print(f"--- ringway's own words ---\n{self.stderr()[-6000:]}")
                if self.process.poll() is None:
                    self.process.kill()
                print(f"--- its exit status: {self.process.wait()} ---")
        finally:
            self.folder.remove()
