"""What a good answer to a check is: listed statuses, and rules about the body. Each case is a pool of its own."""

from harness import (
    Checked,
    check,
    chunked,
    equal,
    eventually,
    header,
    health_check,
    main,
    pool,
    response,
    Ringway,
)

JSON = b'{"status": "ok", "models": [{"id": "m-1"}], "none": [], "load": 3, "up": true}'

# name, keys of the check, its answer, whether it passes, what the layer that failed says
CASES = [
    ("good", {}, response(204), True, ""),
    ("redirects", {}, response(302, fields={"Location": "/x"}), False, "302"),
    ("listed", {"expected_statuses": '[200, 404, "500-503"]'}, response(501), True, ""),
    ("unlisted", {"expected_statuses": '[200, 404, "500-503"]'}, response(504), False, "504"),
    ("auth-listed", {"expected_statuses": "[200, 401]"}, response(401), True, ""),
    ("text", {"content": '[{ contains = "\\"status\\": \\"ok\\"" }]'}, response(200, JSON), True, ""),
    ("no-text", {"content": '[{ contains = "ready" }]'}, response(200, JSON), False, "ready"),
    ("exists", {"content": '[{ pointer = "/models/0/id", exists = true }]'}, response(200, JSON), True, ""),
    ("absent", {"content": '[{ pointer = "/models/1", exists = true }]'}, response(200, JSON), False, "/models/1"),
    ("array", {"content": '[{ pointer = "/models", non_empty_array = true }]'}, response(200, JSON), True, ""),
    ("empty", {"content": '[{ pointer = "/none", non_empty_array = true }]'}, response(200, JSON), False, "/none"),
    ("equals", {"content": '[{ pointer = "/load", equals = 3 }, { pointer = "/up", equals = true }]'}, response(200, JSON), True, ""),
    ("differs", {"content": '[{ pointer = "/load", equals = 3 }, { pointer = "/up", equals = false }]'}, response(200, JSON), False, "/up"),
    ("matches", {"content": '[{ pointer = "/models/0/id", matches = "^m-[0-9]$" }]'}, response(200, JSON), True, ""),
    ("mismatch", {"content": '[{ pointer = "/status", matches = "^up$" }]'}, response(200, JSON), False, "/status"),
    ("broken", {"content": '[{ pointer = "/status", equals = "ok" }]'}, response(200, JSON[:-1]), False, "JSON"),
    ("chunks", {"content": '[{ pointer = "/status", equals = "ok" }]'}, header(200, {"Transfer-Encoding": "chunked"}) + chunked(JSON[:9], JSON[9:]), True, ""),
    ("within", {"max_body": '"64B"', "content": '[{ contains = "ok" }]'}, response(200, b"ok" + b"." * 5000), True, ""),
    ("beyond", {"max_body": '"64B"', "content": '[{ contains = "ok" }]'}, response(200, b"." * 100 + b"ok"), False, "ok"),
    ("too-long", {"max_body": '"64B"', "content": '[{ pointer = "/load", equals = 3 }]'}, response(200, JSON), False, "max_body"),
    ("malformed", {}, b"HELLO\r\n\r\n", False, ""),
]  # fmt: skip


def test():
    origins = [Checked(name, verdict=verdict) for name, _, verdict, _, _ in CASES]
    pools = "".join(
        pool(origin.name, origin, extra=health_check(fall=1, fast_interval='"40ms"', **keys))
        for origin, (_, keys, _, _, _) in zip(origins, CASES)
    )
    with Ringway('[[route]]\npool = "good"\n' + pools, ready="/healthz") as ringway:
        for origin, (name, _, _, passes, words) in zip(origins, CASES):
            found = eventually(
                lambda: next(
                    (
                        found
                        for found in ringway.page("/upstreams")
                        if found["name"] == name and found["state"] != "unknown"
                    ),
                    None,
                ),
                f"a verdict of {name}",
            )
            equal(found["state"], "healthy" if passes else "unhealthy", name)
            said = [layer["detail"] or "" for layer in found["checks"][0]["layers"].values() if layer]
            check(passes or words in said[-1], f"{name}: {said}")
            equal(found["checks"][0]["total"] > 0, True, f"{name}: checks")
        for origin in origins:
            origin.close()


if __name__ == "__main__":
    main(test)
