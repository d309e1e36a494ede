"""Whether memory and descriptors of a process stay flat: what is read of a process, lines through samples, and the judgement.

The line through samples is that of Theil and Sen: the median of the slopes between all pairs, which a few outliers do not move."""

import os
import statistics
from pathlib import Path

MIB = 1 << 20
RELOADS_JUDGED_MIN = 500  # fewer say nothing of bytes a reload: an allocator's noise is a MiB


class Sample:
    """Of one process at one time."""

    def __init__(self, at, stage, generation, age, rss, pss, private, descriptors, threads, processes, reloads):
        self.at = at  # seconds since the start of the load
        self.stage = stage
        self.generation = generation  # 0: the first process
        self.age = age  # seconds since it serves
        self.rss = rss  # bytes
        self.pss = pss
        self.private = private  # written to, and shared with nobody
        self.descriptors = descriptors
        self.threads = threads
        self.processes = processes  # that live, those that drain included
        self.reloads = reloads  # so far

    def row(self):
        return [f"{self.at:.1f}", self.stage, self.generation, f"{self.age:.1f}", self.rss, self.pss, self.private,
                self.descriptors, self.threads, self.processes, self.reloads]


CSV_HEAD = "at,stage,generation,age,rss,pss,private,descriptors,threads,processes,reloads"


def memory_of(pid):
    """Bytes of a process by their names in smaps_rollup (proc(5))."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, size = line.split(":")
        found[name] = int(size.split()[0]) * 1024
    return found


def threads_of(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def connections_of(pid):
    """By the inode of the socket: "port > port" on the loopback, of a listener "port > 0"."""
    found = {}
    for line in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        ports = [int(address.rpartition(":")[2], 16) for address in fields[1:3]]
        found[fields[9]] = f"{ports[0]} > {ports[1]}"
    return found


def kinds_of_descriptors(pid):
    """How many of each kind: "listens on PORT", "to PORT" of its peer, "socket", "anon_inode:[io_uring]", a path."""
    kinds = {}
    connections = connections_of(pid)
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
        kind = target.partition(":[")[0] if target.startswith(("socket", "pipe")) else target
        if kind == "socket":
            own, _, other = connections.get(target[len("socket:[") : -1], "").partition(" > ")
            kind = f"listens on {own}" if other == "0" else f"to {other}" if other else kind
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def is_alive(pid):
    """True unless it has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def slope(points):
    """Of the line through (x, y) pairs; 0 where they are too few for one."""
    points = points[:: max(1, len(points) // 400)]  # all pairs are many
    slopes = [
        (b[1] - a[1]) / (b[0] - a[0])
        for index, a in enumerate(points)
        for b in points[index + 1 :]
        if b[0] != a[0]
    ]
    return statistics.median(slopes) if slopes else 0.0


def growth(points):
    """What the line through (x, y) pairs gains from the first x to the last."""
    if len(points) < 2:
        return 0.0
    return slope(points) * (points[-1][0] - points[0][0])


class Check:
    """One line of the judgement."""

    def __init__(self, what, found, bound, holds):
        self.what = what
        self.found = found
        self.bound = bound
        self.holds = holds


def mib(count):
    return f"{count / MIB:.2f} MiB"


def judge_reloads(samples, warm_up, growth_max, reload_bytes_max):
    """Of one process that is reloaded again and again; what it does in its first `warm_up` seconds does not count."""
    judged = [sample for sample in samples if sample.at >= warm_up]
    if len(judged) < 10:
        return [Check("samples after the warm-up", str(len(judged)), "at least 10", False)]
    gained = growth([(sample.at, sample.private) for sample in judged])
    reloads = judged[-1].reloads - judged[0].reloads
    checks = [Check(f"private memory gained in {judged[-1].at - judged[0].at:.0f} s", mib(gained), mib(growth_max),
                    gained <= growth_max)]
    if reloads >= RELOADS_JUDGED_MIN:
        each = gained / reloads
        checks.append(Check(f"the same for each of {reloads} reloads", f"{each:.0f} B", f"{reload_bytes_max} B",
                            each <= reload_bytes_max))
    first, last = judged[: len(judged) // 4 or 1], judged[-(len(judged) // 4 or 1) :]
    threads = statistics.median(sample.threads for sample in last) - statistics.median(sample.threads for sample in first)
    checks.append(Check("threads gained", f"{threads:.0f}", "0", threads <= 0))
    return checks


def at_same_age(samples, from_age):
    """(generation, bytes): what each process had from that age on until the next took over, in the middle."""
    generations = {}
    for sample in samples:
        if sample.age >= from_age:
            generations.setdefault(sample.generation, []).append(sample.private)
    return [(generation, statistics.median(sizes)) for generation, sizes in sorted(generations.items())]


def judge_upgrades(samples, from_age, wanted, growth_max):
    """Of processes that follow one another: that none has more than those before it had at that age."""
    points = at_same_age(samples, from_age)
    if len(points) < wanted:
        return [Check("processes of that age", str(len(points)), f"{wanted}", False)]
    gained = growth(points)
    return [Check(f"private memory gained by {len(points)} processes, each {from_age:.0f} s old and older", mib(gained),
                  mib(growth_max), gained <= growth_max)]


def judge_quiet(name, found, wanted):
    """Descriptors, or threads, of a process without load, by stage; `wanted`: before all load."""
    return Check(f"{name} without load", ", ".join(map(str, found)), str(wanted), all(each == wanted for each in found))


__all__ = ["CSV_HEAD", "Check", "Sample", "at_same_age", "descriptors_of", "growth", "is_alive", "judge_quiet", "judge_reloads",
           "judge_upgrades", "kinds_of_descriptors", "memory_of", "slope", "threads_of"]
