"""A check follows redirects to its own host and port, three at most, and only when told."""

from harness import Checked, equal, eventually, health_check, main, pool, response, Ringway


def leads_to(table):
    """Answers 302 along the table, 200 behind it."""

    def answer(request):
        if request.target in table:
            return response(302, fields={"Location": table[request.target]})
        return response(200 if request.target == "/end" else 404)

    return answer


# name, followed, where the paths lead, whether it passes
CASES = [
    ("not-told", "false", {"/health": "/end"}, "unhealthy"),
    ("told", "true", {"/health": "/a", "/a": "/b", "/b": "/end"}, "healthy"),
    ("too-many", "true", {"/health": "/a", "/a": "/b", "/b": "/c", "/c": "/end"}, "unhealthy"),
    ("elsewhere", "true", {"/health": "http://127.0.0.1:1/end"}, "unhealthy"),
]


def test():
    origins = [Checked(name, verdict=leads_to(table)) for name, _, table, _ in CASES]
    pools = "".join(
        pool(origin.name, origin, extra=health_check(follow_redirects=told, fall=1, fast_interval='"50ms"'))
        for origin, (_, told, _, _) in zip(origins, CASES)
    )
    with Ringway('[[route]]\npool = "told"\n' + pools, ready="/healthz") as ringway:
        for name, _, _, wanted in CASES:
            eventually(
                lambda: {f["name"]: f["state"] for f in ringway.page("/upstreams")}[name] != "unknown",
                f"a verdict of {name}",
            )
            state = {found["name"]: found["state"] for found in ringway.page("/upstreams")}[name]
            equal(state, wanted, name)
        targets = {request.target for request in origins[0].requests}
        equal(targets, {"/health"}, "paths asked for where redirects are not followed")
        targets = {request.target for request in origins[2].requests}
        equal(targets, {"/health", "/a", "/b", "/c"}, "paths asked for where they are")
        for origin in origins:
            origin.close()


if __name__ == "__main__":
    main(test)
