"""Each command that changes something asks for exactly that, with the token, of the upstream that its name means; and says what
came of it."""

import json
from urllib.parse import quote

from asking import StandIn, TemporaryFolder, check, equal, main, ringctl
from asking.stand_in import upstream_page

UPSTREAMS = [
    upstream_page("api", "a"),
    upstream_page("api", "10.0.0.1:80"),
    upstream_page("web", "a"),
    upstream_page("the/pool", "b/1", state="draining", reason="by_hand", in_flight=3, weight_by_hand=7),
]
CHANGED = {"generation": 4, "changed": ["pool `api` has changed"], "needs_restart": ["[shards] count"]}

WANTED = {
    ("drain", "api/a"): ("POST", "/upstreams/api/a/drain", ""),
    ("ready", "10.0.0.1:80"): ("POST", "/upstreams/api/10.0.0.1%3A80/ready", ""),
    ("maintenance", "b/1"): ("POST", "/upstreams/the%2Fpool/b%2F1/maintenance", ""),
    ("weight", "the/pool/b/1", 7): ("PUT", "/upstreams/the%2Fpool/b%2F1/weight", '{"weight":7}'),
    ("weight", "web/a", 0): ("PUT", "/upstreams/web/a/weight", '{"weight":0}'),
    ("weight", "web/a", "default"): ("DELETE", "/upstreams/web/a/weight", ""),
    ("breaker", "open", "api/a"): ("POST", "/breakers/api/a/open", ""),
    ("breaker", "close", "b/1"): ("POST", "/breakers/the%2Fpool/b%2F1/close", ""),
    ("breaker", "reset", "api/a"): ("POST", "/breakers/api/a/reset", ""),
    ("drain", "--all"): ("POST", "/drain", ""),
    ("reload",): ("POST", "/reload", ""),
    ("confirm",): ("POST", "/config/confirm", ""),
    ("revert",): ("POST", "/config/revert", ""),
    ("upgrade",): ("POST", "/upgrade", ""),
}


def pages():
    found = {"GET /upstreams": UPSTREAMS, "GET /pools": [{"name": "api"}, {"name": "web"}, {"name": "the/pool"}]}
    for one in UPSTREAMS:
        quoted = {"the/pool": "the%2Fpool"}.get(one["pool"], one["pool"])
        name = one["name"].replace("/", "%2F").replace(":", "%3A")
        found[f"GET /upstreams/{quoted}/{name}"] = one
    for method, path, _ in WANTED.values():
        found[f"{method} {path}"] = {"done": path}
    found["POST /reload"] = CHANGED
    found["POST /config/confirm"] = found["POST /config/revert"] = {"generation": 5, "changed": [], "needs_restart": []}
    found["POST /upgrade"] = {"pid": 4711}
    found["POST /config/apply"] = {"generation": 6, "changed": [], "confirm_by": "2026-01-02T03:04:05.678Z"}
    found["GET /drain"] = {"draining": True, "connections": 2, "exchanges": 1, "streams": 0, "tunnels": 0, "seconds_left": 8.25}
    return found


def ask(server, token, words):
    before = len(server.requests())
    done = ringctl("--token-file", token, *words, admin=server)
    equal(done.status, 0, f"{words}: {done}")
    made = [one for one in server.requests()[before:] if one[0] != "GET"]
    equal(len(made), 1, f"{words}: one change: {made}")
    equal(made[0][3].get("Authorization"), "Bearer secret", f"{words}: its token")
    return done, made[0]


def test():
    with StandIn(pages()) as server, TemporaryFolder() as folder:
        token = folder.file("token", "secret\n")
        said = {}
        for words, wanted in WANTED.items():
            done, made = ask(server, token, words)
            equal(made[:3], wanted, f"{words}")
            said[words] = done.out
        equal(
            said["maintenance", "b/1"],
            "the/pool/b/1: draining (by_hand), weight 7 by hand, breaker closed, 3 in flight\n",
            "what the upstream is now",
        )
        equal(
            said["reload",],
            "generation 4 is in use:\n  pool `api` has changed\n  needs a restart: [shards] count\n",
            "what a reload changed",
        )
        equal(said["confirm",], "generation 5 is in use; nothing has changed\n", "nothing changed")
        equal(said["upgrade",], "process 4711 has taken over; the old one drains\n", "an upgrade")
        equal(
            said["drain", "--all"],
            "draining: 2 connections, 1 exchange, 0 streams, 0 tunnels left, cut in 8.2 s\n",
            "a drain of all",
        )

        new = folder.file("new.toml", "[process]\n")
        done, made = ask(server, token, ("apply", new, "--confirm", "90s", "--abort-if", "errors>1%"))
        target = f"/config/apply?confirm=90s&name={quote(new, safe='')}&abort_if=errors%3E1%25"
        equal(made[:3], ("POST", target, "[process]\n"), "apply")
        equal(made[3]["Content-Type"], "application/toml", "its type")
        check("generation 6 is in use until 2026-01-02T03:04:05.678Z, unless" in done.out, f"{done}")
        done = ringctl("--token-file", token, "apply", "-", admin=server, stdin="# from a pipe\n")
        equal(done.status, 0, f"{done}")
        target = "/config/apply?confirm=60s&name=standard%20input"
        equal(server.requests("POST")[-1][1:3], (target, "# from a pipe\n"), "60 s, a pipe")

        done, _ = ask(server, token, ("drain", "api/a", "--json"))
        equal(json.loads(done.out), {"done": "/upstreams/api/a/drain"}, "the server's own JSON")

        changes = len(server.requests("POST"))
        ambiguous = ringctl("drain", "a", admin=server)
        equal(ambiguous.status, 2, f"{ambiguous}")
        check("`a` may be any of api/a, web/a; write POOL/UPSTREAM" in ambiguous.err, f"{ambiguous}")
        unknown = ringctl("drain", "api/b", admin=server)
        equal(unknown.status, 2, f"{unknown}")
        check("no upstream is named `api/b`, did you mean `api/a`?" in unknown.err, f"{unknown}")
        pool = ringctl("upstreams", "wbe", admin=server)
        equal(pool.status, 2, f"{pool}")
        check("no pool is named `wbe`, did you mean `web`?" in pool.err, f"{pool}")
        equal(len(server.requests("POST")), changes, "none of these changed anything")


if __name__ == "__main__":
    main(test)
