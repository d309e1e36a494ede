"""--cpus: thread i of -t runs there and nowhere else; a CPU that the machine does not have is told before any request."""

import glob
import os
import re

from loading import Program, Running, Timed, check, equal, eventually, main


def allowed(pid):
    """The lists of CPUs that its threads may use."""
    lists = []
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        try:
            with open(path, encoding="ascii") as text:
                lists.append(re.search(r"Cpus_allowed_list:\s*(\S+)", text.read())[1])
        except FileNotFoundError:  # it has just ended
            pass
    return lists


def ran_on(pid):
    """The CPUs that its threads ran on last."""
    cpus = []
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        with open(path, encoding="ascii") as text:
            cpus.append(int(text.read().rsplit(")", 1)[1].split()[36]))
    return cpus


def test():
    mine = sorted(os.sched_getaffinity(0))
    cpus = [mine[0], mine[-1]]
    anywhere = len(allowed(os.getpid())[0])
    with Program("a") as origin:
        with Running(origin, "-c", 4, "-t", 2, "--cpus", ",".join(map(str, cpus)), "-d", "1s") as run:

            def pinned():
                return sorted(text for text in allowed(run.process.pid) if text in map(str, cpus))

            # the other threads keep what the process may use; on a machine of one CPU that is the same
            wanted = sorted(map(str, cpus))
            eventually(lambda: pinned() == wanted or anywhere == 1, f"threads pinned to {wanted}")
            check(set(ran_on(run.process.pid)) <= set(mine), "they run on the CPUs that there are")
            done = run.finish()
        equal(done.status, 0, "exit status")
        equal(done["threads"], 2, "threads")
        check(0 < done["cpu"]["busiest_thread"] <= 1.1, f"busiest thread {done['cpu']['busiest_thread']}")
    with Timed() as origin, Running(origin, "-c", 2, "-t", 2, "--cpus", f"{cpus[0]},1000", "-n", 10) as run:
        done = run.finish()
        equal(done.status, 1, "exit status")
        equal(done.err, "ringload: cannot run on CPU 1000; name CPUs that this machine has\n", "what it says")
        equal(len(origin.connections), 0, "connections")


if __name__ == "__main__":
    main(test)
