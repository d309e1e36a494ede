"""A weight that is set by hand is what the balancer uses, 0 takes no traffic, and DELETE returns to the configuration."""

from harness import Controlled, check, equal, eventually, forward_to, main, Origin, response, upstream


def test():
    def answer(request):
        return response(200, "", [("X-Origin", request.connection.origin.name)])

    with Origin(answer, "a") as a, Origin(answer, "b") as b:
        body = forward_to(upstream(a, "weight = 3"), upstream(b), pool_keys='balance = "round_robin"')
        with Controlled(body) as ringway:

            def share():
                with ringway.client() as client:
                    names = [client.get("/").get("X-Origin") for _ in range(120)]
                return names.count("a"), names.count("b")

            equal(share(), (90, 30), "as configured")
            shown = ringway.change("/upstreams/main/b/weight", "PUT", {"weight": 9})
            equal(
                (shown["weight_by_hand"], shown["weight_config"], shown["weight"], shown["set_by_hand"]),
                (9, 1, 9, ["weight"]),
                "b",
            )
            eventually(lambda: share() == (30, 90), "3 to 9")
            ringway.change("/upstreams/main/a/weight", "PUT", {"weight": 0})
            eventually(lambda: share() == (0, 120), "0 to 9")
            equal(ringway.upstream("a")["eligible"], False, "a is not eligible")
            equal(ringway.page("/status")["trouble"], [], "what was set on purpose is no trouble")
            ringway.change("/upstreams/main/a/weight", "DELETE")
            ringway.change("/upstreams/main/b/weight", "DELETE")
            eventually(lambda: share() == (90, 30), "as configured again")
            check(ringway.upstream("a")["set_by_hand"] == [], "nothing is set by hand")


if __name__ == "__main__":
    main(test)
