"""Pools, upstreams and routes that come under fresh names and go again, reload by reload, take no more memory while a stream of an
early configuration goes on: the places of what came and went meanwhile are used again."""

import re

from harness import check, Controlled, forward_to, main, Program, SLOW
from harness.upgrading import Events

WARM_UP = 100
RELOADS = 400
GROWTH_MAX_KB = 12_000  # a place takes 80 kB and more of each shard, for its histograms


def private_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"Private_Dirty:\s+(\d+)", file.read()).group(1))


def test():
    with Program("a") as a, Controlled(forward_to(a), shards="count = 2\nbuffer_count = 64\n", log='level = "warn"') as ringway:
        stream = Events(ringway)

        def reload(number):
            text = f'[[pool]]\nname = "pool-{number}"\n[[pool.upstream]]\nname = "up-{number}"\naddress = "{a.address}"\n'
            text += f'[[route]]\nname = "route-{number}"\npath = "/only-{number}"\npool = "pool-{number}"\n'
            ringway.folder.file("ringway.toml", ringway.text + text)
            ringway.change("/reload")
            check(ringway.get(f"/only-{number}").status == 200, f"pool {number} serves")

        for number in range(WARM_UP):
            reload(number)
        before = private_kb(ringway.process.pid)
        for number in range(WARM_UP, WARM_UP + RELOADS):
            reload(number)
        grown = private_kb(ringway.process.pid) - before
        stream.end()
        check(not stream.fault, stream.fault)
        check(stream.units > 10, f"{stream.units} events")
        if SLOW == 1:  # sanitizers keep what was freed
            check(grown < GROWTH_MAX_KB, f"{grown} kB more after {RELOADS} reloads")


if __name__ == "__main__":
    main(test)
