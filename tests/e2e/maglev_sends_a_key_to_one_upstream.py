"""The same header, cookie, query, path or address always meets the same upstream, and different ones spread; another upstream set moves few."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    keys = [f"user{number}" for number in range(60)]

    def sends(hash_on, ask):
        origins = [Origin(name=name) for name in ("a", "b", "c")]
        with Ringway(
            forward_to(*origins, pool_keys=f'balance = "maglev"\nhash_on = "{hash_on}"')
        ) as ringway, ringway.client() as client:
            first = [ask(client, key).get("X-Origin") for key in keys]
            again = [ask(client, key).get("X-Origin") for key in keys]
        equal(again, first, f"upstreams by {hash_on}")
        counts = [first.count(name) for name in "abc"]
        check(min(counts) >= 5, f"keys spread over upstreams by {hash_on}: {counts}")
        for origin in origins:
            origin.close()
        return first

    by_header = sends("header:X-User", lambda client, key: client.get("/", X_User=key))
    sends("cookie:user", lambda client, key: client.get("/", Cookie=f"a=b; user={key}"))
    sends("query:user", lambda client, key: client.get(f"/?a=1&user={key}"))
    sends("path", lambda client, key: client.get(f"/{key}"))
    origins = [Origin(name=name) for name in ("a", "b")]
    with Ringway(
        forward_to(*origins, pool_keys='balance = "maglev"\nhash_on = "header:X-User"')
    ) as ringway, ringway.client() as client:
        fewer = [client.get("/", X_User=key).get("X-Origin") for key in keys]
    moved = sum(before != after for before, after in zip(by_header, fewer) if before != "c")
    check(moved <= 15, f"{moved} keys moved between upstreams that stayed")
    with Origin(name="x") as x, Origin(name="y") as y, Ringway(
        forward_to(x, y, pool_keys='balance = "maglev"\nhash_on = "client_address"')
    ) as ringway:
        for address in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
            seen = set()
            for _ in range(4):
                with ringway.client(source=address) as client:
                    seen.add(client.get("/").get("X-Origin"))
            equal(len(seen), 1, f"upstreams of {address}")


if __name__ == "__main__":
    main(test)
