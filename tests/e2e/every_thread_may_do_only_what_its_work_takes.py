"""Each thread is under a filter of system calls and without capabilities, but for the one that binds low ports again."""

import os
import random
import socket

from harness import check, Client, equal, forward_to, main, Origin, response, Ringway

BIND = 1 << 10  # CAP_NET_BIND_SERVICE
KEPT_BY_ROOT = 1 << 1 | 1 << 14 | 1 << 24  # files of others, locked memory, limits


def threads(ringway):
    """name -> the members of /proc/PID/task/*/status."""
    folder = f"/proc/{ringway.process.pid}/task"
    found = {}
    for number in os.listdir(folder):
        with open(f"{folder}/{number}/status", encoding="utf-8") as status:
            members = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        found[f"{members['Name']} {number}"] = members
    return found


def capabilities(members):
    return {name: int(members[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def free_low_port():
    for port in random.sample(range(512, 1024), 512):
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no port below 1024 is free")


def judge(ringway, seccomp="2"):
    found = threads(ringway)
    check(len(found) >= 5, f"all threads are seen: {list(found)}")
    for name, members in found.items():
        equal(members["Seccomp"], seccomp, f"filter of {name}")
        equal(members["NoNewPrivs"], "1", f"no new privileges of {name}")
    return found


def stays_as_it_is(origin):
    with Ringway(forward_to(origin), shards="count = 2") as ringway:
        equal(ringway.get("/").status, 200, "status")
        for name, members in judge(ringway).items():
            for kind, value in capabilities(members).items():
                check(value & ~KEPT_BY_ROOT == 0, f"{kind} of {name} is {value:x}")


def becomes_a_user(origin):
    low = free_low_port()
    listener = f'[[listener]]\nname = "low"\naddress = "127.0.0.1:{low}"\n'
    with Ringway(forward_to(origin), shards="count = 2", process='user = "nobody"', more_listeners=listener) as ringway:
        with Client(("127.0.0.1", low)) as client:
            equal(client.get("/").status, 200, "status on a low port")
        for name, members in judge(ringway).items():
            check(members["Uid"].split() == [members["Uid"].split()[0]] * 4 and members["Uid"][0] != "0", f"user of {name}")
            sets = capabilities(members)
            equal(sets["CapBnd"], BIND, f"bound of {name}")
            is_main = name.endswith(f" {ringway.process.pid}")
            if is_main:
                equal(sets["CapEff"], BIND, "what the main thread may do")
            check(sets["CapPrm"] & ~BIND == 0, f"what {name} may do: {sets['CapPrm']:x}")
            if name.startswith("shard-"):
                equal(sets["CapPrm"], 0, f"what {name} may do")
    with Ringway(forward_to(origin), process='user = "nobody"') as ringway:
        equal(ringway.get("/").status, 200, "status")
        for name, members in judge(ringway).items():
            equal(set(capabilities(members).values()), {0}, f"capabilities of {name}")


def does_without(origin):
    with Ringway(forward_to(origin), process='seccomp = "off"') as ringway:
        judge(ringway, "0")


def test():
    with Origin(lambda request: response(200, b"x")) as origin:
        stays_as_it_is(origin)
        does_without(origin)
        if os.geteuid() == 0:
            becomes_a_user(origin)


if __name__ == "__main__":
    main(test)
