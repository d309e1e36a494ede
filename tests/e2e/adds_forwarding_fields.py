"""Requests carry X-Forwarded-*, X-Real-IP, X-Request-ID and Via; what an untrusted client said in their place is gone."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin)) as ringway, ringway.client(
        source="127.0.0.5"
    ) as client:
        reply = client.request("GET", "/", host="shop.example:81")
        request = origin.last()
        equal(request.get("Host"), "shop.example:81", "Host")
        equal(request.get("X-Forwarded-For"), "127.0.0.5", "X-Forwarded-For")
        equal(request.get("X-Real-IP"), "127.0.0.5", "X-Real-IP")
        equal(request.get("X-Forwarded-Proto"), "http", "X-Forwarded-Proto")
        equal(request.get("X-Forwarded-Host"), "shop.example:81", "X-Forwarded-Host")
        check(request.get("Via", "").startswith("1.1 "), f"Via: {request.get('Via')}")
        check(reply.get("Via", "1.1 ").startswith("1.1 "), "Via of the reply")
        first = request.get("X-Request-ID")
        check(first and len(first) >= 16, f"X-Request-ID: {first}")
        client.request(
            "GET",
            "/",
            {
                "X-Forwarded-For": "6.6.6.6",
                "X-Real-IP": "6.6.6.6",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "evil.example",
                "X-Request-ID": "mine",
                "Via": "1.0 before",
            },
        )
        request = origin.last()
        equal(request.get("X-Forwarded-For"), "127.0.0.5", "X-Forwarded-For of a client that lies")
        equal(request.get("X-Real-IP"), "127.0.0.5", "X-Real-IP of a client that lies")
        equal(request.get("X-Forwarded-Proto"), "http", "X-Forwarded-Proto of a client that lies")
        equal(request.get("X-Forwarded-Host"), "test.example", "X-Forwarded-Host of a client that lies")
        check(request.get("X-Request-ID") not in ("mine", first, None), "each request has an id of its own")
        vias = ", ".join(request.all("Via"))
        check(vias.startswith("1.0 before, 1.1 "), f"Via is appended to: {vias}")


if __name__ == "__main__":
    main(test)
