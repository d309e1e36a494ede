"""With too few descriptors some clients wait or are refused, and when others leave everything works again."""

import time

from harness import Ended, eventually, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(
        forward_to(origin), shards="count = 1\nconnections_max = 4096", descriptors=96
    ) as ringway:
        clients = []
        for _ in range(150):
            try:
                clients.append(ringway.client())
                clients[-1].ask("GET", "/")
            except OSError:
                break
        time.sleep(0.5)
        for client in clients:
            client.close()

        def served():
            try:
                with ringway.client(seconds=1) as client:
                    return client.get("/").status == 200
            except (Ended, OSError):
                return False

        eventually(served, "a client is served after the others left", 10)


if __name__ == "__main__":
    main(test)
