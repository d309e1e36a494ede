"""POST /config/apply: a configuration serves at once, is followed by the one before when nobody confirms it, stays when somebody does,
and goes at once when too many requests fail with it."""

import json

from harness import check, Controlled, equal, eventually, forward_to, main, Origin, response


def test():
    with Origin(lambda request: response(200, b"old")) as old, Origin(
        lambda request: response(200, b"new")
    ) as new, Origin(lambda request: response(500, b"broken")) as broken:
        with Controlled(forward_to(old)) as ringway:

            def text_for(origin):
                return ringway.text.replace(f"127.0.0.1:{old.port}", f"127.0.0.1:{origin.port}")

            def ask(path, text=None):
                reply = ringway.control("POST", path, text.encode() if text else None, kind="application/toml")
                return reply.status, json.loads(reply.body)

            def apply(origin, query):
                return ask(f"/config/apply?{query}", text_for(origin))

            status, body = apply(new, "confirm=1s")
            equal(status, 200, f"apply: {body}")
            equal(ringway.get("/").body, b"new", "while it is tried")
            equal(ringway.page("/config/pending")["generation"], 2, "what is pending")
            equal(apply(new, "confirm=10s")[0], 409, "a second one while it waits")
            eventually(lambda: ringway.get("/").body == b"old", "nobody confirmed it")

            equal(apply(new, "confirm=30s")[0], 200, "apply again")
            equal(ask("/config/confirm")[0], 200, "confirm")
            equal(ringway.get("/").body, b"new", "confirmed")
            equal(ask("/config/confirm")[0], 409, "nothing is left to confirm")

            equal(apply(broken, "confirm=60s&abort_if=errors%3E10%25")[0], 200, "apply what fails")

            def reverted():
                return ringway.get("/").body == b"new"

            eventually(reverted, "too many requests failed", 10)
            check("requests failed since then" in ringway.stderr(), "the log says why")

            equal(apply(old, "confirm=30s")[0], 200, "apply")
            equal(ask("/config/revert")[0], 200, "revert by hand")
            equal(ringway.get("/").body, b"new", "reverted")

            status, body = ask("/config/apply?confirm=1s", "[listener]\nx = 1\n")
            equal(status, 422, "a file with errors")
            errors = body["error"]["errors"]
            check(errors and all(":" in line for line in errors), f"each with its place: {errors}")
            equal(ringway.get("/").body, b"new", "nothing changed")


if __name__ == "__main__":
    main(test)
