"""A process that was root and is nobody hands over a privileged port, the pid file in a closed folder and the admin socket; a
successor with more shards, which may not bind that port, shares its socket."""

import os
import random
import socket

from harness import check, Dynasty, equal, forward_to, main, Program
from harness.client import Client


def privileged_port():
    while True:
        port = random.SystemRandom().randrange(600, 1000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def uid_of(pid):
    return os.stat(f"/proc/{pid}").st_uid


def test():
    if os.geteuid() != 0:
        print("needs root")
        return
    port = privileged_port()
    with Program("origin") as origin:
        with Dynasty(
            forward_to(origin.address),
            process='user = "nobody"',
            shards="count = 1",
            more_listeners=f'[[listener]]\nname = "low"\naddress = "127.0.0.1:{port}"',
        ) as ringway:
            os.chmod(ringway.home.path, 0o755)  # readable for nobody, and not writable
            os.chmod(ringway.folder.path, 0o755)
            os.chmod(ringway.access_path, 0o666)  # a log that the user may write, as every reopening needs
            check(uid_of(ringway.pid) != 0, "not root")
            for count in (1, 3, 2):
                ringway.folder.file("ringway.toml", ringway.text.replace("count = 1", f"count = {count}"))
                ringway.upgrade()
                check(uid_of(ringway.pid) != 0, "still not root")
                for _ in range(20):
                    with Client(port) as client:
                        equal(client.get("/").status, 200, f"the low port, {count} shards")
                    equal(ringway.get("/").status, 200, f"the other port, {count} shards")


if __name__ == "__main__":
    main(test)
