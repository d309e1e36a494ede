"""With too few descriptors some clients wait or are refused, and when others leave everything works again."""

import os
import time

from harness import Ended, Origin, Ringway, TemporaryFolder, eventually, forward_to, main


def suppressing(folder):
    """UBSan asks a pipe whether an object's memory may be read, and takes any object for a wrong one when it gets no pipe."""
    unasked = folder.file("suppressions", "vptr_check:*\n")
    return {"UBSAN_OPTIONS": f"{os.environ.get('UBSAN_OPTIONS', '')}:suppressions={unasked}"}


def test():
    shards = "count = 1\nconnections_max = 4096"
    with TemporaryFolder() as folder, Origin() as origin, Ringway(
        forward_to(origin), shards=shards, descriptors=96, environment=suppressing(folder)
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
