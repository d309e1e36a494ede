"""With too few descriptors some clients wait or are refused, and when others leave everything works again."""

import os
import time

from harness import Ended, Origin, Ringway, eventually, forward_to, main


# UBSan asks a pipe whether an object's memory may be read; when it gets no pipe it takes any object for one of another type.
MISTAKEN = "which does not point to an object of type"
GOING_ON = f"{os.environ.get('UBSAN_OPTIONS', '')}:halt_on_error=0:print_stacktrace=0"


def test():
    shards = "count = 1\nconnections_max = 4096"
    with Origin() as origin, Ringway(
        forward_to(origin), shards=shards, descriptors=96, environment={"UBSAN_OPTIONS": GOING_ON}, pardoned=MISTAKEN
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
