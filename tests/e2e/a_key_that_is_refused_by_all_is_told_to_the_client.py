"""When every upstream refuses its credential the client gets that answer, and no upstream is out."""

from harness import equal, main, Origin, pool, response, Ringway, upstream


def test():
    def refuses(_request):
        return response(401, b"no", {"WWW-Authenticate": "Bearer"})

    key = 'headers = { Authorization = { env = "KEY" } }'
    with Origin(refuses, name="a") as a, Origin(refuses, name="b") as b:
        body = '[[route]]\npool = "main"\n' + pool("main", upstream(a, key), upstream(b, key))
        with Ringway(body, environment={"KEY": "k"}) as ringway, ringway.client() as client:
            for number in range(1, 6):
                reply = client.post("/", b"prompt")
                equal((reply.status, reply.body), (401, b"no"), "the client's answer")
                equal(a.count() + b.count(), 2 * number, "sends: each key once")
            equal(ringway.pool()["eligible"], 2, "eligible")
            ringway.wait_event("credentials_refused", upstream="a")
            ringway.wait_event("credentials_refused", upstream="b")
            equal(len(ringway.events()), 2, "events")
    # without a key of ours 401 is between the client and the upstream
    with Origin(refuses, name="a") as a, Origin(name="b") as b:
        with Ringway(
            '[[route]]\npool = "main"\n' + pool("main", a, b, extra='balance = "round_robin"')
        ) as ringway:
            statuses = sorted(ringway.get("/").status for _ in range(6))
            equal(statuses, [200] * 3 + [401] * 3, "statuses")
            equal(ringway.events(), [], "events")


if __name__ == "__main__":
    main(test)
