"""A POST that met a 503 or a reset is not sent again, unless it has an Idempotency-Key or the pool says so; one that was
refused (429, 401 to our key) goes on, unless the pool says not to; a body is repeated whole as long as it was kept."""

from harness import equal, main, Origin, pattern, pool, response, Ringway, upstream

QUIET = """
balance = "round_robin"
suspicion = { enabled = false }
breaker = { enabled = false }
outlier = { enabled = false }
hedge = { connect = false }
"""
KEY = 'headers = { "X-Api-Key" = { env = "KEY" } }'


def test():
    def says(status):
        return lambda _request: response(status, fields={"Retry-After": "0"})

    def resets(request):
        request.connection.reset()

    small, large = pattern(20_000, 1), pattern(60_000, 2)
    idempotent = {"Idempotency-Key": "k-1"}
    # name, first answer, keys of retry, method, fields, body, status for the client, sends
    cases = [
        ("post-503", says(503), "", "POST", {}, small, 503, 1),
        ("post-reset", resets, "", "POST", {}, small, 502, 1),
        ("post-429", says(429), "", "POST", {}, small, 200, 2),
        ("post-401", says(401), "", "POST", {}, small, 200, 2),
        ("post-403", says(403), "", "POST", {}, small, 200, 2),
        ("post-429-not", says(429), "repeat_refused = false", "POST", {}, small, 429, 1),
        ("post-401-not", says(401), "repeat_refused = false", "POST", {}, small, 401, 1),
        ("get-401-not", says(401), "repeat_refused = false", "GET", {}, None, 200, 2),
        ("key-503", says(503), "", "POST", idempotent, small, 200, 2),
        ("key-reset", resets, "", "POST", idempotent, small, 200, 2),
        ("unsafe-503", says(503), "unsafe = true", "POST", {}, small, 200, 2),
        ("unsafe-reset", resets, "unsafe = true", "POST", {}, small, 200, 2),
        ("patch-503", says(503), "", "PATCH", {}, small, 503, 1),
        ("put-503", says(503), "", "PUT", {}, small, 200, 2),
        ("delete-503", says(503), "", "DELETE", {}, None, 200, 2),
        ("put-large", says(503), 'buffer_bytes = "32KiB"', "PUT", {}, large, 503, 1),
        ("put-kept", says(503), 'buffer_bytes = "64KiB"', "PUT", {}, large, 200, 2),
        ("post-large-429", says(429), 'buffer_bytes = "32KiB"', "POST", {}, large, 429, 1),
    ]
    origins, body = {}, ""
    for name, first, rules, *_ in cases:
        bad, good = Origin(first, name=f"{name}-bad"), Origin(name=f"{name}-good")
        origins[name] = bad, good
        body += f'[[route]]\npath = "/{name}"\npool = "{name}"\n' + pool(
            name, upstream(bad, KEY), upstream(good, KEY), extra=QUIET + f"[pool.retry]\n{rules}"
        )
    with Ringway(body, environment={"KEY": "k"}) as ringway:
        for name, _, _, method, fields, sent, status, sends in cases:
            bad, good = origins[name]
            with ringway.client() as client:
                reply = client.request(method, f"/{name}", fields, sent)
            equal(reply.status, status, f"{name}: status")
            equal((bad.count(), good.count()), (1, sends - 1), f"{name}: sends")
            if sends == 2 and sent:
                equal(good.last().body, sent, f"{name}: the body that was repeated")


if __name__ == "__main__":
    main(test)
