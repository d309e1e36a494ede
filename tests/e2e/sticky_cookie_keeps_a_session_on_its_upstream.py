"""The first answer sets the affinity cookie; requests with it return to the same upstream, others spread; a dead one is replaced."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    keys = 'balance = "round_robin"\naffinity = { cookie = "lb", path = "/app", max_age = "1h" }'
    origins = [Origin(name=name) for name in ("a", "b", "c")]
    with Ringway(forward_to(*origins, pool_keys=keys)) as ringway, ringway.client() as client:
        reply = client.get("/")
        cookie = reply.get("Set-Cookie")
        check(cookie and cookie.startswith("lb="), f"Set-Cookie: {cookie}")
        check("path=/app" in cookie.lower() and "max-age=3600" in cookie.lower(), f"attributes: {cookie}")
        token = cookie.split(";")[0]
        for _ in range(10):
            again = client.get("/", Cookie=f"other=1; {token}")
            equal(again.get("X-Origin"), reply.get("X-Origin"), "upstream of the session")
            equal(again.get("Set-Cookie"), None, "no second cookie")
        check(len({client.get("/").get("X-Origin") for _ in range(9)}) == 3, "requests without it spread")
        equal(client.get("/", Cookie="lb=nonsense").status, 200, "a cookie of nobody")
        for origin in origins:
            if origin.name == reply.get("X-Origin"):
                origin.close()
        moved = client.get("/", Cookie=token)
        equal(moved.status, 200, "status when the session's upstream is gone")
        check(
            moved.get("Set-Cookie", "").startswith("lb=") and token not in moved.get("Set-Cookie"),
            "a new cookie",
        )
    for origin in origins:
        origin.close()


if __name__ == "__main__":
    main(test)
