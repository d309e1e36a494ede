"""A session with a sticky cookie goes elsewhere while its upstream is out, without an error; so does a key of maglev, and it
comes home."""

from harness import Checked, check, equal, forward_to, health_check, main, response, Ringway

CHECK = health_check(fall=1, rise=1)


def test():
    for keys in ('affinity = { cookie = "home" }\n', 'balance = "maglev"\nhash_on = "header:X-User"\n'):
        with Checked("a") as a, Checked("b") as b, Checked("c") as c, Ringway(
            forward_to(a, b, c, pool_keys=keys + CHECK)
        ) as ringway, ringway.client() as client:
            origins = {origin.name: origin for origin in (a, b, c)}
            for origin in origins.values():
                ringway.wait_state(origin, "healthy")
            fields = {"X-User": "u-1"}
            reply = client.request("GET", "/", fields)
            home = reply.get("X-Origin")
            if reply.get("Set-Cookie"):
                fields["Cookie"] = reply.get("Set-Cookie").split(";")[0]
            equal({client.request("GET", "/", fields).get("X-Origin") for _ in range(8)}, {home}, "at home")
            origins[home].verdict = response(500)
            ringway.wait_state(home, "unhealthy")
            for _ in range(8):
                reply = client.request("GET", "/", fields)
                equal(reply.status, 200, "status while its upstream is out")
                check(reply.get("X-Origin") != home, "who answers")
            origins[home].verdict = response(200)
            ringway.wait_state(home, "healthy")
            equal(
                {client.request("GET", "/", fields).get("X-Origin") for _ in range(8)}, {home}, "home again"
            )


if __name__ == "__main__":
    main(test)
