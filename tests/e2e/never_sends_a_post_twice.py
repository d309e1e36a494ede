"""A POST that reached an upstream is not repeated when the answer fails, unless the pool or the request allows it."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    def dies(request):
        request.connection.reset()

    for keys, fields, wanted in (
        ("", {}, 1),
        ("retry = { unsafe = true }", {}, 3),
        ("", {"Idempotency-Key": "k1"}, 3),
    ):
        origins = [Origin(dies, name=name) for name in ("a", "b", "c")]
        with Ringway(forward_to(*origins, pool_keys=keys)) as ringway, ringway.client() as client:
            reply = client.post("/", b"charge my card", fields)
            check(reply.status in (502, 503), f"status {reply.status}")
            equal(sum(origin.count() for origin in origins), wanted, f"sends with {keys} {fields}")
        for origin in origins:
            origin.close()


if __name__ == "__main__":
    main(test)
