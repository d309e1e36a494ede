"""http://[::1], http://localhost, and --connect with a unix socket; Host is what the URL says."""

from loading import Origin, answer_quickly, equal, main, ringload


def test():
    with Origin(answer_quickly, family="ipv6") as origin:
        done = ringload(f"http://[::1]:{origin.port}/six?x=1", "-n", 20, "-c", 2)
        equal(done["requests"]["answered"], 20, "answered by IPv6")
        equal({request.target for request in origin.requests}, {"/six?x=1"}, "targets")
        equal(origin.last().get("Host"), f"[::1]:{origin.port}", "Host")
    with Origin(answer_quickly, family="unix") as origin:
        done = ringload("http://shop.example/cart", "-n", 20, "-c", 2, "--no-keepalive", "--connect", origin.address)
        equal(done["requests"]["answered"], 20, "answered on a unix socket")
        equal(origin.last().get("Host"), "shop.example", "Host")
        equal(origin.count(), 20, "requests that the server saw")
    with Origin(answer_quickly) as origin:
        done = ringload("http://localhost/", "-n", 20, "-c", 2, "--connect", f"localhost:{origin.port}", "-H", "Host: a.b")
        equal(done["requests"]["answered"], 20, "answered by name")
        equal(origin.last().get("Host"), "a.b", "Host")


if __name__ == "__main__":
    main(test)
