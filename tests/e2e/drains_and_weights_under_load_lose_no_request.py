"""Upstreams that are drained, taken out, weighed and put back under load, by turns, cost no request."""

from harness import Controlled, Load, Program, check, equal, eventually, forward_to, main

ROUNDS = 15


def test():
    with Program("a") as a, Program("b") as b:
        body = forward_to(a, b, pool_keys="idle_connections_min = 2")
        with Controlled(body, shards="count = 2") as ringway, Load(ringway, clients=8, pause=0.001) as load:
            load.more(50)
            for number in range(ROUNDS):
                name, other = ("a", "b") if number % 2 else ("b", "a")
                ringway.change(f"/upstreams/main/{name}/{'drain' if number % 3 else 'maintenance'}")
                eventually(lambda name=name: ringway.upstream(name)["connections"] == 0, f"{name} is left")
                served = {answer.origin for answer in load.more(20)[5:]}
                equal(served & {name}, set(), f"requests to {name} after it was left")
                ringway.change(f"/upstreams/main/{other}/weight", "PUT", {"weight": number + 1})
                ringway.change(f"/upstreams/main/{name}/ready")
                eventually(lambda name=name: name in {answer.origin for answer in load.more(20)}, f"{name} is back")
                ringway.change(f"/upstreams/main/{other}/weight", "DELETE")
            equal(load.failed(), [], "failed requests")
            check(len(load.answers) > 40 * ROUNDS, f"{len(load.answers)} requests")
            equal(len(ringway.events("draining", "maintenance")), ROUNDS, "events")


if __name__ == "__main__":
    main(test)
