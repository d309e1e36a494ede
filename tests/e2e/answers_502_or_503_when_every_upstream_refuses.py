"""With no upstream left the client gets an error at once, and the connection works again when one is back."""

from harness import check, eventually, forward_to, free_port, main, Origin, Ringway, seconds_of, SLOW


def test():
    ports = [free_port(), free_port()]
    keys = 'queue = { wait_max = "100ms" }'
    addresses = [f"127.0.0.1:{port}" for port in ports]
    with Ringway(forward_to(*addresses, pool_keys=keys)) as ringway, ringway.client() as client:
        for _ in range(3):
            seconds, reply = seconds_of(lambda: client.get("/"))
            check(reply.status in (502, 503), f"status {reply.status}")
            check(seconds < 1 * SLOW, f"after {seconds:.2f} s")
        with Origin(port=ports[1]):
            eventually(lambda: client.get("/").status == 200, "an answer when one is back")


if __name__ == "__main__":
    main(test)
