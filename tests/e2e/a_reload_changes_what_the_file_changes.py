"""SIGHUP: new pools, upstreams, routes and listeners serve, those that are gone do not, and nothing else notices: kept connections,
warm upstream connections, counters and verdicts go on."""

import signal

from harness import check, equal, eventually, forward_to, free_port, main, Origin, response, Ringway, upstream


def write(ringway, text):
    with open(ringway.config, "w", encoding="utf-8") as file:
        file.write(text)


def reload(ringway, generation):
    ringway.signal(signal.SIGHUP)
    eventually(lambda: ringway.metric("ringway_config_generation") == generation, f"generation {generation} is in force")


def test():
    extra_port = free_port()
    with Origin(lambda request: response(200, b"first")) as first, Origin(
        lambda request: response(200, b"second")
    ) as second, Ringway(forward_to(first)) as ringway:
        before = ringway.text
        kept = ringway.client()
        equal(kept.get("/").body, b"first", "before")
        equal(first.used_connections(), 1, "connections to the first origin")

        # a route and a pool more, and a listener for them
        more = before + f"""
[[pool]]
name = "other"
[[pool.upstream]]
name = "o"
address = "127.0.0.1:{second.port}"
[[route]]
path_prefix = "/other"
pool = "other"
[[listener]]
name = "extra"
address = "127.0.0.1:{extra_port}"
"""
        write(ringway, more)
        reload(ringway, 2)
        equal(kept.get("/").body, b"first", "the kept connection goes on")
        equal(kept.get("/other").body, b"second", "and follows the new route")
        equal(first.used_connections(), 1, "the warm upstream connection was used again")
        from harness import Client

        with Client(extra_port) as client:
            equal(client.get("/other/x").body, b"second", "the new listener")
        equal([pool["name"] for pool in ringway.page("/pools")], ["main", "other"], "pools")
        equal(ringway.metric("ringway_upstream_requests_total", pool="main"), 2, "requests counted on")

        # the upstream of the first pool is replaced by one of another name
        write(ringway, before.replace(first.name, "replaced").replace(str(first.port), str(second.port)))
        reload(ringway, 3)
        equal(kept.get("/").body, b"second", "the upstream that took its place")
        equal(kept.get("/other").body, b"second", "/other goes to the pool that is left")
        equal([pool["name"] for pool in ringway.page("/pools")], ["main"], "pools")
        equal([u["name"] for u in ringway.page("/upstreams")], ["replaced"], "upstreams")

        def refused():
            try:
                Client(extra_port).close()
                return False
            except ConnectionError:
                return True

        eventually(refused, "the listener that is gone refuses")

        # and back, where it was
        write(ringway, before)
        reload(ringway, 4)
        equal(kept.get("/").body, b"first", "back again")
        check("pool `other` is gone" in ringway.stderr(), "the log says what changed")


if __name__ == "__main__":
    main(test)
