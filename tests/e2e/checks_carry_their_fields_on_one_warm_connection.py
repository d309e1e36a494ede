"""A check says what it is, carries the fields of its upstream and its own, and stays on one connection unless told not to."""

from harness import Checked, check, equal, eventually, forward_to, health_check, main, pool, Ringway, upstream


def test():
    plain = health_check(path="/health?full=1")
    rich = health_check(
        path="/ping",
        method='"POST"',
        host='"check.example"',
        headers='{ "X-Probe" = "yes", "X-Key" = { env = "CHECK_KEY" } }',
        body="'{\"ping\": 1}'",
        keep_alive="false",
    )
    with Checked("a") as a, Checked("b") as b:
        body = forward_to(
            upstream(a, 'headers = { Authorization = { env = "API_KEY" } }'), pool_keys=plain
        ) + pool("other", b, extra='[pool.health]\napp_name = "shop"\n' + rich)
        with Ringway(body, environment={"API_KEY": "s3cret", "CHECK_KEY": "k3y"}) as ringway:
            eventually(lambda: len(a.checks()) >= 4 and len(b.checks()) >= 4, "some checks")
            first = a.checks()[0]
            equal((first.method, first.target), ("GET", "/health?full=1"), "request line")
            equal(first.get("Host"), a.address, "Host")
            equal(first.get("X-Health-Check"), "true", "X-Health-Check")
            equal(first.get("X-App-Name"), "main", "X-App-Name")
            check(first.get("X-Instance-ID"), "X-Instance-ID is there")
            equal(first.get("Authorization"), "s3cret", "the key of the upstream")
            equal(len(a.connections), 1, "connections of checks that keep theirs")

            second = b.checks()[1]
            equal((second.method, second.target), ("POST", "/ping"), "request line")
            equal(second.get("Host"), "check.example", "Host")
            equal(second.get("X-App-Name"), "shop", "X-App-Name")
            equal(second.get("X-Probe"), "yes", "a field of the check")
            equal(second.get("X-Key"), "k3y", "a secret field of the check")
            equal(second.body, b'{"ping": 1}', "body")
            equal(second.get("Connection", "").lower(), "close", "Connection")
            equal({request.number for request in b.checks()}, {0}, "requests on a connection of its own each")
            equal(first.get("X-Instance-ID"), second.get("X-Instance-ID"), "one instance")
            for secret in ("s3cret", "k3y"):
                pages = ringway.stderr() + ringway.admin("/upstreams")[1] + ringway.admin("/metrics")[1]
                check(secret not in pages, "secrets are not shown")


if __name__ == "__main__":
    main(test)
