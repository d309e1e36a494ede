"""Every command that looks, against a real ringway: its tables have what the server has, and top what was sent."""

import json
import re
import subprocess
import time

from asking import (
    Origin,
    Ringway,
    TemporaryFolder,
    check,
    equal,
    eventually,
    free_port,
    main,
    on_a_terminal,
    pool,
    response,
    ringctl,
    upstream,
)
from harness.ground import RINGWAY

SECRETS = ["of-the-environment", "of-a-file", "of-the-token"]
KEYS = "balance = \"round_robin\"\n"


def answer(_):
    return response(200, b"hello")


def tables(ringway):
    where = f"127.0.0.1:{ringway.admin_port}"
    status = ringctl("status", admin=where)
    equal(status.status, 0, f"{status}")
    check(re.search(rf"^ringway \S+  pid {ringway.process.pid}  up .*  accepting  generation \d+ of ", status.out), f"{status}")
    check(re.search(r"since the start 30 requests, 0 errors", status.out), f"{status}")
    check(re.search(r"^api +2/2 +tier 0 +30 +0 ", status.out, re.M), f"its pools: {status}")
    pools = ringctl("pools", admin=where)
    check(re.search(r"^POOL +UP +SERVING +REQUESTS .*\n(.*\n)*api +2/2 +tier 0 +30 ", pools.out), f"{pools}")
    upstreams = ringctl("upstreams", "api", admin=where)
    for line, weight in (("api/a", 1), ("api/b", 2)):
        found = re.search(rf"^{line} +127\.0\.0\.1:\d+ +\w+.* {weight} +closed +0 +(\d+) +0 ", upstreams.out, re.M)
        check(found, f"{line}: {upstreams}")
    equal("api/a" in ringctl("upstreams", "web", admin=where).out, False, "only of one pool")
    shards = ringctl("shards", admin=where)
    equal(sum(int(line.split()[4]) for line in shards.lines()[1:]), 30, f"requests of the shards: {shards}")
    breakers = ringctl("breakers", admin=where)
    equal(len(breakers.lines()), 4, f"a heading and three: {breakers}")
    show = ringctl("config", "show", admin=where)
    check('[[pool.upstream]]\nname = "a"' in show.out and "[process]" in show.out, f"{show}")
    equal(json.loads(ringctl("upstreams", "--json", admin=where).out)[0]["name"], "a", "JSON")


def hides_secrets(ringway):
    """From the environment and from a file: of an upstream, and the token; neither shown as a table nor as JSON."""
    for words in (["config", "show"], ["config", "show", "--json"]):
        done = ringctl(*words, admin=f"127.0.0.1:{ringway.admin_port}")
        equal(done.status, 0, f"{done}")
        check("X-Key" in done.out and "***" in done.out, f"that there is one: {done}")
        for secret in SECRETS:
            check(secret not in done.out + done.err, f"{words} shows {secret}: {done}")


def explains(ringway):
    where = f"127.0.0.1:{ringway.admin_port}"
    done = ringctl("route", "explain", "http://www.example.com/api/x?y=1", admin=where)
    equal(done.status, 0, f"{done}")
    check(re.search(r"^to_api -> pool api  \(", done.lines()[-1]), f"{done}")
    posted = ringctl("route", "explain", "/web", "-X", "POST", "-H", "Host: other.example", "-H", "X-Test: 1", admin=where)
    check(posted.lines()[-1].startswith("rest -> pool web"), f"{posted}")
    check(len(posted.lines()) > 1, f"why not the others: {posted}")


def top(ringway):
    where = f"127.0.0.1:{ringway.admin_port}"
    with on_a_terminal("top", "--interval", "500ms", admin=where, columns=150) as run:
        run.until(lambda text: "api/a" in text and "web/c" in text, "it shows")
        sent = 0
        end = time.monotonic() + 15
        while time.monotonic() < end:
            for _ in range(10):
                ringway.get("/api/x")
                sent += 1
            rates = re.search(r"^api +2/2 +tier 0 +([\d.]+k?) ", run.text(), re.M)
            if rates and rates.group(1) not in ("0", "-"):
                break
        check(rates and float(rates.group(1).rstrip("k")) > 0, f"{sent} requests show as a rate: {run.text()}")
        run.press("q")
        equal(run.finish(), 0, "exit status")


def by_its_configuration(ringway):
    done = ringctl("--config", ringway.config, "pools")
    equal((done.status, "api" in done.out), (0, True), f"the address of the configuration: {done}")


def on_a_unix_socket():
    """And what a socket that nobody listens on any more is answered with."""
    with TemporaryFolder() as folder:
        path = folder.file("admin.sock")
        config = folder.file(
            "ringway.toml",
            f'[shards]\ncount = 1\n[admin]\nlisten = "unix:{path}"\n[[listener]]\n'
            f'address = "127.0.0.1:{free_port()}"\n[[route]]\nrespond = {{ status = 204 }}\n',
        )
        with open(folder.file("stderr"), "wb") as log:
            process = subprocess.Popen([RINGWAY, "-c", config], stderr=log)
        try:
            eventually(lambda: ringctl("status", "--config", config).status == 0, "it answers on its socket", 10)
            done = ringctl("events", "--limit", 5, admin=f"unix:{path}")
            equal(done.status, 0, f"{done}")
        finally:
            process.terminate()
            process.wait(20)
        equal(ringctl("status", "--config", config).status, 3, "when it has ended")


def test():
    with Origin(answer, name="a") as a, Origin(answer, name="b") as b, Origin(answer, name="c") as c, TemporaryFolder() as folder:
        key = folder.file("key", SECRETS[1] + "\n")
        token = folder.file("token", SECRETS[2] + "\n")
        body = (
            '[[route]]\nname = "to_api"\npath_prefix = "/api"\npool = "api"\n'
            '[[route]]\nname = "rest"\npool = "web"\n'
            + pool("api", upstream(a), upstream(b, "weight = 2"), extra=KEYS)
            + pool("web", upstream(c, f'headers = {{ "X-Key" = {{ env = "KEY" }}, "X-Key2" = {{ file = "{key}" }} }}'))
        )
        with Ringway(body, admin=f'token_file = "{token}"', environment={"KEY": SECRETS[0]}) as ringway:
            for _ in range(30):
                equal(ringway.get("/api/x").status, 200, "status")
            eventually(lambda: ringway.pool("api")["requests"] == 30, "counted")
            tables(ringway)
            hides_secrets(ringway)
            explains(ringway)
            top(ringway)
            by_its_configuration(ringway)
    on_a_unix_socket()


if __name__ == "__main__":
    main(test)
