"""A webhook whose name is never resolved costs no request, and the process ends within a second all the same."""

import os
import random
import socket
import time

import harness.ground
from harness import Load, Program, Ringway, SLOW, TemporaryFolder, check, equal, eventually, forward_to, health_check
from harness import main, webhook


def silent_name_server():
    """A socket on port 53 of some address of the loopback, and that address."""
    while True:
        host = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            server.bind((host, 53))
            return server, host
        except OSError:
            server.close()


def test():
    if os.geteuid() != 0:
        print("left out: a name server of the test's own takes root")
        return
    server, host = silent_name_server()
    with TemporaryFolder() as folder, Program("a") as a, Program("b") as b:
        resolv = folder.file("resolv.conf", f"nameserver {host}\noptions timeout:30 attempts:3\n")
        inside = f'mount --bind {resolv} /etc/resolv.conf && exec {harness.ground.RINGWAY} "$@"'
        wrapper = folder.file("ringway", f"#!/bin/sh\nexec unshare -m sh -c '{inside}' ringway \"$@\"\n")
        os.chmod(wrapper, 0o755)
        body = forward_to(a, b, pool_keys=health_check(fall="2", rise="2"))
        body += webhook("ops", "https://hooks.example/s3cret", 'timeout = "300ms"\nretries_max = 1')
        body += webhook("patient", "https://hooks.example/s3cret", 'timeout = "60s"')
        with Ringway(body, binary=wrapper) as ringway:
            ringway.wait_state(a, "healthy")
            with Load(ringway) as load:
                load.more(50)
                a.kill()
                eventually(lambda: ringway.metric("ringway_alerts_failed_total", webhook="ops") >= 1, "given up")
                load.more(50)
            equal(load.failed(), [], "failed requests")
            server.settimeout(1)
            check(b"hooks" in server.recv(512), "the name was asked for")
            start = time.monotonic()
            ringway.signal(15)
            ringway.wait_end()
            took = time.monotonic() - start
            check(took < 1.0 + 1.5 * SLOW, f"the end took {took:.2f} s")  # 1 s, and a machine that stalls
            check("s3cret" not in ringway.stderr(), "the URL is a secret")


if __name__ == "__main__":
    main(test)
