"""LISTEN_FDS: sockets are taken by their addresses, one without SO_REUSEPORT is shared by all shards, connections that wait
in them are served, the admin socket may be among them, and one that nobody wants is closed with a warning."""

import os
import socket
import subprocess

from harness import check, equal, eventually, free_port, main, SLOW, TemporaryFolder
from harness.ground import RINGWAY
from harness.client import Client


def listening(family=socket.AF_INET, address=None):
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(address or ("127.0.0.1", free_port()))
    made.listen(100)
    made.setblocking(False)  # as systemd's are
    return made


def start(config, sockets, environment):
    """ringway with these as its descriptors 3 and on, LISTEN_PID being its own."""

    def lay_out():
        saved = [os.dup(one.fileno()) for one in sockets]
        high = [os.dup2(one, 100 + place) for place, one in enumerate(saved)]
        for place, one in enumerate(high):
            os.dup2(one, 3 + place, inheritable=True)
        os.closerange(3 + len(sockets), 120)

    command = ["/bin/sh", "-c", f'export LISTEN_PID=$$ LISTEN_FDS={len(sockets)}; exec "$0" "$@"']
    command += [RINGWAY, "-c", config]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lay_out,
        close_fds=False,
        env={**os.environ, **environment},
    )


def test():
    with TemporaryFolder() as folder:
        admin_path = folder.file("admin.sock")
        front, unwanted = listening(), listening()
        admin = listening(socket.AF_UNIX, admin_path)
        port = front.getsockname()[1]
        unwanted_port = unwanted.getsockname()[1]
        config = folder.file(
            "c.toml",
            f"""
[shards]
count = 2
[admin]
listen = "unix:{admin_path}"
[[listener]]
name = "front"
address = "127.0.0.1:{port}"
[[route]]
respond = {{ body = "here" }}
""",
        )
        waiting = [Client(port) for _ in range(20)]  # before anybody serves
        for client in waiting:
            client.ask("GET", "/")
        process = start(config, [unwanted, admin, front], {"LISTEN_FDNAMES": "a:b:c"})
        for one in (front, unwanted, admin):
            one.close()
        try:
            for client in waiting:
                equal(client.reply().body, b"here", "one that waited")
            for _ in range(50):
                with Client(port) as client:
                    equal(client.get("/").body, b"here", "a new one")
            with Client(admin_path) as client:
                equal(client.get("/readyz").status, 200, "/readyz")
                page = client.get("/metrics").body.decode()
            shares = [
                float(line.split()[-1])
                for line in page.splitlines()
                if line.startswith("ringway_shard_turns_total")
            ]
            equal(len(shares), 2, "shards")

            def refused():
                try:
                    Client(unwanted_port).close()
                    return False
                except ConnectionError:
                    return True

            eventually(refused, "the unwanted socket is closed")
        finally:
            process.terminate()
            errors = process.communicate(timeout=15 * SLOW)[1].decode()
        equal(process.returncode, 0, "exit status")
        check(f"127.0.0.1:{unwanted_port} is closed" in errors, f"a warning: {errors}")


if __name__ == "__main__":
    main(test)
