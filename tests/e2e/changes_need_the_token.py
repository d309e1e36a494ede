"""Reads are open; a change needs the bearer token, whole, and is refused without one. Bodies are bounded."""

import json

from harness import check, Client, Controlled, equal, forward_to, main, Origin, Ringway, TOKEN

DRAIN = "/upstreams/main/one/drain"


def test():
    with Origin(name="one") as origin, Controlled(forward_to(origin)) as ringway:
        for token in (None, "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper()):
            reply = ringway.refused("POST", DRAIN, 401, "unauthorized", token=token)
            check("Bearer" in reply.get("WWW-Authenticate", ""), "what is asked for")
        equal(ringway.upstream("one")["state"], "healthy", "state after refused changes")
        with Client(ringway.admin_port) as client:
            basic = client.request("POST", DRAIN, [("Authorization", f"Basic {TOKEN}")])
            equal(basic.status, 401, "another scheme")
        equal(ringway.control("GET", "/upstreams", token="wrong").status, 200, "reads are open")
        reply = ringway.refused("POST", "/upstreams/main/one", 405, "method_not_allowed")
        equal(reply.get("Allow"), "GET, HEAD", "Allow")
        reply = ringway.refused("GET", DRAIN, 405, "method_not_allowed")
        equal(reply.get("Allow"), "POST", "Allow")
        ringway.refused("POST", "/upstreams/main/two/drain", 404, "no_such_upstream")
        ringway.refused("POST", "/upstreams/other/one/drain", 404, "no_such_upstream")
        ringway.refused("POST", "/nothing", 404, "not_found")
        weight = "/upstreams/main/one/weight"
        ringway.refused("PUT", weight, 411, "length_required")
        ringway.refused("PUT", weight, 415, "unsupported_media_type", body=b"{}", kind="text/html")
        ringway.refused("PUT", weight, 400, "bad_weight", body={"weight": 1001})
        ringway.refused("PUT", weight, 413, "body_too_large", body=b"[" + b"1," * (1 << 19) + b"1]")
        ringway.refused("POST", DRAIN, 413, "unexpected_body", body=b"{}")
        equal(ringway.upstream("one")["weight_by_hand"], None, "weight after refused changes")
        equal(ringway.change(DRAIN)["state"], "draining", "state with the token")
        log = ringway.stderr()
        check(f"POST {DRAIN}: 401" in log and f"POST {DRAIN}: 200" in log, "changes are lines of the log")
        check(TOKEN not in log + json.dumps(ringway.page("/config")), "the token is shown nowhere")

    with Origin(name="one") as origin, Ringway(forward_to(origin)) as ringway:
        with Client(ringway.admin_port) as client:
            reply = client.request("POST", DRAIN, [("Authorization", "Bearer ")])
        equal((reply.status, json.loads(reply.body)["error"]["code"]), (403, "read_only"), "without a token")


if __name__ == "__main__":
    main(test)
