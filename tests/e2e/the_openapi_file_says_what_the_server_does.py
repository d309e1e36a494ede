"""docs/openapi.json against a live server: each path and method is there, each answer is of its schema, and whatever the file
does not have is 404 or 405. docs/admin.md has each path too."""

import json
import re
from pathlib import Path

from harness import Checked, Controlled, check, equal, eventually, health_check, main, pool
from harness.schema import faults, resolved

ROOT = Path(__file__).parents[2]
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
ROUTE = '[[route]]\nname = "all"\npool = "main"\n'
# What a request needs beside its path.
BODIES = {"/config/apply": (b"", "application/toml"), "/upstreams/{pool}/{name}/weight": (b'{"weight": 5}', "application/json")}
QUERIES = {"/routes/explain": "?target=/x&header=a:b", "/events": "?after=0"}


def filled(path, pool="main", name="a"):
    return path.replace("{pool}", pool).replace("{name}", name)


def test():
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    paths = document["paths"]
    with Checked("a") as a, Checked("b") as b:
        keys = health_check(fall=1, rise=1)
        with Controlled(ROUTE + pool("main", a, b, extra=keys)) as ringway:
            ringway.wait_state(a, "healthy")
            equal(ringway.page("/openapi.json"), document, "the file that the server has")
            make_history(ringway, b)

            def judge(path, method, reply):
                """That an answer is one of those which the file has for it."""
                answers = paths[path][method.lower()]["responses"]
                where = f"{method} {path}"
                check(str(reply.status) in answers, f"{where} answers {reply.status}: {reply.text()[:200]}")
                content = resolved(document, answers[str(reply.status)])["content"]
                kind = reply.get("Content-Type").partition(";")[0]
                check(kind in content, f"{where} answers {kind}")
                if kind == "application/json":
                    found = faults(document, content[kind]["schema"], json.loads(reply.body))
                    check(not found, f"{where}: {found[:5]}")
                return reply.status

            def ask(path, method, token=True, target=None):
                body, kind = BODIES.get(path, (None, "")) if method in ("POST", "PUT") else (None, "")
                target = target or filled(path) + QUERIES.get(path, "")
                more = {} if token else {"token": None}
                return judge(path, method, ringway.control(method, target, body, kind=kind, **more))

            changes = [
                (path, method.upper())
                for path in paths
                for method in paths[path]
                if method in ("post", "put", "delete")
            ]
            for path, method in changes:
                equal(ask(path, method, token=False), 401, f"{method} {path} without a token")
                operation = paths[path][method.lower()]
                equal(operation["security"], [{"token": []}], f"security of {method} {path}")
            for path in paths:
                if "get" in paths[path]:
                    equal(ask(path, "GET") in (200, 501), True, f"GET {path}")
            done = [ask(path, method) for path, method in changes if path != "/drain"]
            check(done.count(200) >= 8, f"changes are made: {done}")

            for path in paths:
                have = {method.upper() for method in paths[path]} & set(METHODS)
                if "get" in paths[path]:
                    have.add("HEAD")
                for method in METHODS:
                    if method in have:
                        continue
                    reply = ringway.refused(method, filled(path), 405, "method_not_allowed")
                    equal(set(reply.get("Allow").split(", ")), have, f"Allow of {path}")
                if "{name}" in path:
                    for method in have & {"GET", "POST", "PUT", "DELETE"}:
                        equal(ask(path, method, target=filled(path, name="none")), 404, f"{method} {path} of nobody")
            for path in ("/", "/status/", "/upstreams/main", "/pools/main/a", "/breakers/main/a", "/Status", "/drain/x"):
                for method in ("GET", "POST"):
                    check(ringway.control(method, path).status in (404, 405), f"{method} {path} is not there")
            docs = (ROOT / "docs/admin.md").read_text()
            for path in paths:
                check(path in docs, f"docs/admin.md has {path}")
            for path in re.findall(r"`(/[a-z{}/.]+)", docs):
                check(path in paths, f"docs/admin.md has {path}, which docs/openapi.json has not")

            equal(ask("/drain", "POST"), 200, "POST /drain")
            equal(ringway.wait_end(), 0, "exit status")


def make_history(ringway, b):
    """Gives the members of pages values that are often null."""
    for _ in range(5):
        equal(ringway.get("/").status, 200, "status")
    b.verdict = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    eventually(lambda: ringway.upstream(b)["state"] == "unhealthy", "b is out")
    ringway.change("/breakers/main/b/open")
    ringway.change("/upstreams/main/b/maintenance")
    check(ringway.page("/status")["trouble"] == [], "what is taken out on purpose is no trouble")
    eventually(lambda: len(ringway.page("/events")) >= 4, "events")


if __name__ == "__main__":
    main(test)
