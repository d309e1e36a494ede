"""Two upstreams at one address with two keys: when one key is limited or refused the other one takes the requests, POSTs
too; a refused key is an alert, told once, and no outage."""

from harness import check, equal, eventually, main, Origin, response, Ringway


def test():
    refused = {}

    def service(request):
        key = request.get("X-Api-Key")
        status = refused.get(key, 200)
        return response(status, b"", {"X-Key": key, "Retry-After": "30"})

    def keyed(name, origin):
        return (
            f'[[pool.upstream]]\nname = "{name}"\naddress = "{origin.address}"\n'
            f'headers = {{ "X-Api-Key" = {{ env = "{name.upper()}" }} }}\n'
        )

    with Origin(service) as origin:
        body = '[[route]]\npool = "main"\n[[pool]]\nname = "main"\nbalance = "round_robin"\n'
        body += keyed("one", origin) + keyed("two", origin)
        with Ringway(
            body, environment={"ONE": "key-1", "TWO": "key-2"}
        ) as ringway, ringway.client() as client:

            def ask(count, **wanted):
                got = [client.post("/", b"prompt") for _ in range(count)]
                equal({reply.status for reply in got}, {200}, "statuses")
                return [reply.get("X-Key") for reply in got]

            equal(set(ask(6)), {"key-1", "key-2"}, "keys in use")
            refused["key-1"] = 401
            equal(set(ask(12)), {"key-2"}, "keys that answer")
            told = ringway.wait_event("credentials_refused")
            equal((told["upstream"], told["severity"]), ("one", "critical"), "the alert")
            found = ringway.upstream("one")
            equal((found["credentials_fault"], found["eligible"]), (True, True), "state of the refused key")
            check(found["failures"] == 0, "it is no failure")
            check(found["weight"] < ringway.upstream("two")["weight"], "it gets less traffic")
            ask(20)
            equal(len(ringway.events("credentials_refused")), 1, "told")
            equal(ringway.events("breaker_open", "ejected", "unhealthy"), [], "outages")
            refused.clear()
            eventually(lambda: "key-1" in ask(6), "the key is taken again")
            # a second later at the soonest, so that a key with few rights does not turn with every answer
            eventually(lambda: ask(6) and ringway.events("credentials_accepted"), "the event that it is taken again")
            equal(ringway.upstream("one")["credentials_fault"], False, "fault in the end")

            refused["key-2"] = 429
            equal(set(ask(12)), {"key-1"}, "keys that answer while the other one cools")
            before = sum(request.get("X-Api-Key") == "key-2" for request in origin.requests)
            ask(12)
            after = sum(request.get("X-Api-Key") == "key-2" for request in origin.requests)
            equal(after, before, "requests with the limited key")
            shown = ringway.admin("/upstreams")[1] + ringway.admin("/events")[1] + ringway.stderr()
            check("key-1" not in shown and "key-2" not in shown, "keys are not shown")


if __name__ == "__main__":
    main(test)
