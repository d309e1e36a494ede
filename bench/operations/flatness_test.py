#!/usr/bin/env python3
"""Tests of bench/operations/flatness: made-up samples with a known judgement."""

import os
import random
import sys
from pathlib import Path

import flatness
from flatness import MIB, Sample

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import own_tests


def sample(at, private, generation=0, age=None, threads=9, reloads=0):
    return Sample(at, "reloads", generation, at if age is None else age, 2 * private, private, private, 40, threads, 1, reloads)


def noisy(seconds, memory, seed=1, reloads_a_second=5):
    """Samples of a process whose memory is memory(t), and now and then a MiB more for a moment."""
    prng = random.Random(seed)
    return [
        sample(at, memory(at) + prng.choice([0, 0, 0, 50_000, MIB]), reloads=at * reloads_a_second)
        for at in range(seconds)
    ]


def judged(samples, **more):
    return {check.what.split(" in ")[0].split(" of ")[0]: check.holds
            for check in flatness.judge_reloads(samples, **{"warm_up": 60, "growth_max": 2 * MIB, "reload_bytes_max": 2048} | more)}


def the_line_is_not_moved_by_outliers():
    points = [(x, 3.0 * x + 1) for x in range(50)]
    points[7] = (7, 1e9)
    assert abs(flatness.slope(points) - 3.0) < 0.01
    assert abs(flatness.growth(points) - 3.0 * 49) < 1
    assert flatness.slope([]) == flatness.slope([(1, 1)]) == 0


def a_leak_is_found_in_the_noise():
    assert not judged(noisy(300, lambda at: 10 * MIB + 12_000 * at))["private memory gained"]
    assert not all(judged(noisy(300, lambda at: 10 * MIB + 12_000 * at), growth_max=100 * MIB).values())  # by reload


def what_fills_in_the_warm_up_is_flat_after_it():
    assert all(judged(noisy(300, lambda at: 10 * MIB + 100_000 * min(at, 60))).values())


def a_thread_that_stays_is_found():
    samples = noisy(300, lambda at: 10 * MIB)
    for each in samples[200:]:
        each.threads += 1
    assert not judged(samples)["threads gained"]


def a_run_without_samples_does_not_hold():
    assert not all(judged([]).values())


def processes_are_compared_at_the_same_age():
    def generations(gain):
        return [sample(20 * number + age, 8 * MIB + 300_000 * age + gain * number, generation=number, age=age)
                for number in range(5) for age in range(20)]

    points = flatness.at_same_age(generations(0), 10)
    assert [number for number, _ in points] == [0, 1, 2, 3, 4]
    assert len({size for _, size in points}) == 1
    assert flatness.judge_upgrades(generations(0), 10, 5, MIB)[0].holds
    assert not flatness.judge_upgrades(generations(MIB), 10, 5, MIB)[0].holds
    assert not flatness.judge_upgrades(generations(0), 10, 6, MIB)[0].holds  # one is missing


def a_descriptor_that_is_left_is_found():
    assert flatness.judge_quiet("descriptors", [17, 17], 17).holds
    assert not flatness.judge_quiet("descriptors", [17, 18], 17).holds


def what_this_process_has_is_read():
    pid = os.getpid()
    assert flatness.memory_of(pid)["Rss"] > flatness.memory_of(pid)["Private_Dirty"] > 0
    before = flatness.descriptors_of(pid)
    with open("/dev/null", "rb"):
        assert flatness.descriptors_of(pid) == before + 1
        assert flatness.kinds_of_descriptors(pid)["/dev/null"] >= 1
    assert flatness.threads_of(pid) == 1
    assert flatness.is_alive(pid)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert not flatness.is_alive(child)  # ended, not waited for
    os.waitpid(child, 0)
    assert not flatness.is_alive(child)


TESTS = [
    the_line_is_not_moved_by_outliers,
    a_leak_is_found_in_the_noise,
    what_fills_in_the_warm_up_is_flat_after_it,
    a_thread_that_stays_is_found,
    a_run_without_samples_does_not_hold,
    processes_are_compared_at_the_same_age,
    a_descriptor_that_is_left_is_found,
    what_this_process_has_is_read,
]


if __name__ == "__main__":
    sys.exit(own_tests.run(TESTS))
