"""The kernel's table of descriptors has room for all clients and their upstreams before there is a thread that would have to wait
while it grows; so it has in a process that takes over."""

from harness import Dynasty, Origin, check, equal, forward_to, main


def table_size(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("FDSize:"))


def test():
    shards = "count = 2\nconnections_max = 1000"
    with Origin() as origin, Dynasty(forward_to(origin), shards=shards) as ringway:
        for _ in range(2):
            size = table_size(ringway.pid)
            check(size >= 2 * 2 * 1000, f"room for {size}")
            clients = [ringway.client() for _ in range(200)]
            for client in clients:
                equal(client.get("/").status, 200, "status")
            for client in clients:
                client.close()
            equal(table_size(ringway.pid), size, "its size later")
            ringway.upgrade()


if __name__ == "__main__":
    main(test)
