"""From a trusted proxy the forwarding fields are kept and extended; the same from another address is replaced."""

from harness import equal, forward_to, main, Origin, Ringway


def test():
    listener = 'trusted_proxies = ["127.0.0.7", "10.0.0.0/8"]'
    fields = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "public.example",
        "X-Request-ID": "given-by-the-edge-0001",
    }
    with Origin() as origin, Ringway(forward_to(origin), listener=listener) as ringway:
        with ringway.client(source="127.0.0.7") as client:
            client.request("GET", "/", fields)
        request = origin.last()
        equal(", ".join(request.all("X-Forwarded-For")), "203.0.113.9, 127.0.0.7", "X-Forwarded-For")
        equal(request.get("X-Real-IP"), "203.0.113.9", "X-Real-IP")
        equal(request.get("X-Forwarded-Proto"), "https", "X-Forwarded-Proto")
        equal(request.get("X-Forwarded-Host"), "public.example", "X-Forwarded-Host")
        equal(request.get("X-Request-ID"), "given-by-the-edge-0001", "X-Request-ID")
        with ringway.client(source="127.0.0.8") as client:
            client.request("GET", "/", fields)
        request = origin.last()
        equal(request.get("X-Forwarded-For"), "127.0.0.8", "X-Forwarded-For from a stranger")
        equal(request.get("X-Forwarded-Proto"), "http", "X-Forwarded-Proto from a stranger")


if __name__ == "__main__":
    main(test)
