"""Builds and runs the test suites for tools/test: each suite writes out/test/SUITE.log and yields a count of what passed and
what failed; the sum is the last line, and the exit status is 0 exactly when nothing failed."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builds import CROSSING_ROOMS, ROOT, Failed, build, build_asan, build_release, build_tsan

LOGS = ROOT / "out/test"
H1_CASES = ROOT.parent / "shared/h1-cases/run.py"
FUZZ_SECONDS = 10
TAIL_LINES = 40
WORKERS = os.cpu_count() or 1

SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "RINGWAY_SLOW": "4",  # the tests' time allowances are multiplied by this
}

# What crosses threads: unit tests by name (of CROSSING_ROOMS), e2e tests by file.
CROSSING_UNIT_FILTER = (
    "*Crossing*:*Chronicle*:access_ring.*:admin_*:alerts.*:endpoints.*:log.*:log_writer.*:resolver.*"
)
CROSSING_E2E = [
    "a_configuration_is_tried_and_goes_away_by_itself",
    "a_dead_webhook_costs_no_request_and_not_the_end",
    "a_draining_upstream_finishes_what_it_has",
    "a_killed_upstream_costs_no_request",
    "a_stopped_upstream_costs_no_request",
    "a_verdict_of_one_shard_is_acted_on_by_all",
    "alerts_go_on_over_upgrades",
    "an_upstream_that_answers_503_costs_no_request",
    "breakers_open_and_close_by_hand",
    "drains_in_flight_requests_on_sigterm",
    "follows_events_and_replays_them",
    "queued_requests_of_all_shards_go_on_at_once",
    "reloads_lose_no_request",
    "resolves_upstream_names",
    "serves_health_and_metrics",
    "several_shards_serve_one_listener",
    "shards_share_the_checks",
    "shards_that_fail_together_make_one_transition",
    "shows_pools_upstreams_and_events_as_json",
    "survives_random_aborts_and_resets",
    "tiers_fail_over_and_back",
    "upgrades_lose_no_request",
    "writes_one_json_line_per_request",
]


# Of ringload: what meets odd servers and clients under ASan, and what several threads do under TSan.
RINGLOAD_ODD = [
    "aborting_clients_leave_before_the_answer",
    "ctrl_c_prints_what_was_measured_so_far",
    "keeps_eight_requests_under_way_on_a_connection",
    "names_each_failure_and_counts_it_once",
    "opens_connections_anew_as_told",
    "reads_answers_in_any_pieces",
    "scenarios_make_origins_fail_and_come_back",
    "slow_clients_are_slow_and_stand_apart",
]
# Of ringctl: what reads odd streams, draws a screen and waits on two threads.
RINGCTL_ODD = [
    "events_come_once_each_over_cut_connections",
    "events_go_on_over_upgrades",
    "exit_statuses_tell_refusals_mistakes_and_silence_apart",
    "json_is_the_servers_own",
    "top_leaves_the_terminal_as_it_was",
    "top_shows_rates_and_obeys_its_keys",
]
RINGCTL_CROSSING = ["events_go_on_over_upgrades", "top_leaves_the_terminal_as_it_was", "top_shows_rates_and_obeys_its_keys"]
RINGLOAD_CROSSING = [
    "its_threads_run_on_the_cpus_that_it_was_told",
    "makes_exactly_the_requests_that_were_asked_for",
]


class Log:
    """Runs commands with their output appended to the suite's log file."""

    def __init__(self, suite):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.path = LOGS / f"{suite}.log"
        self.path.write_text("")

    def run_each(self, commands):
        """run() of each (its arguments), as many at a time as there are cores; what they return, in order. Each writes into a
        part of the log that is put to the others when it has ended."""

        def run_one(number):
            part = Log(f"{self.path.stem}.{number}")
            try:
                return part.run(*commands[number])
            finally:
                with lock, self.path.open("ab") as log:
                    log.write(part.path.read_bytes())
                part.path.unlink()

        lock = threading.Lock()
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(run_one, range(len(commands))))

    def run(self, command, seconds, env=None, cwd=ROOT):
        """Exit status and the output of this one command. A command over its time counts as failed."""
        start = self.path.stat().st_size
        with self.path.open("ab") as out:
            out.write(f"$ {' '.join(map(str, command))}\n".encode())
            out.flush()
            try:
                status = subprocess.run(
                    list(map(str, command)),
                    cwd=cwd,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=seconds,
                    env={**os.environ, **(env or {})},
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                out.write(f"\nnot finished after {seconds} s\n".encode())
                status = 124
        with self.path.open("rb") as log:
            log.seek(start)
            return status, log.read().decode(errors="replace")

    def tail(self):
        lines = self.path.read_text(errors="replace").splitlines()
        # the failing tests' own words come before the end of a long log
        marks = [line for line in lines if re.search(r"FAIL|error:|ERROR|runtime error|Assertion|^not finished", line)]
        return "\n".join(["  | " + line for line in (marks[:TAIL_LINES] + ["..."] + lines[-TAIL_LINES:])])


def counts_of(status, output):
    """Passed and failed tests as the runner printed them: gtest's summary, or `N passed, N failed`. A bad exit status
    without a counted failure is one failure: a crash hides the tests behind it. What counts nothing is one test."""
    summary = re.findall(r"^\[  PASSED  \] (\d+) tests?", output, re.M)
    passed = sum(map(int, summary))
    failed = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (\d+) tests?, listed below", output, re.M))
    own = re.findall(r"^(\d+) passed, (\d+) failed\s*$", output, re.M)
    if own:
        passed += int(own[-1][0])
        failed += int(own[-1][1])
    if status != 0 and failed == 0:
        failed = 1
    if status == 0 and not summary and not own:
        passed = 1
    return passed, failed


# What no second try forgives: a report of a sanitizer, an assertion of the program, a crash.
DEFECTS = re.compile(r"Sanitizer:|runtime error:|assertion failed|terminate called|exit status:? -(6|7|8|11)\b")


def wait_for_calm(seconds_max=60):
    """Until this process woke up in time for three seconds, or the time is over."""
    begin = calm_since = time.monotonic()
    while (now := time.monotonic()) < begin + seconds_max and now < calm_since + 3:
        time.sleep(0.01)
        if time.monotonic() > now + 0.06:
            calm_since = time.monotonic()


def passed_alone(log, failed, passed_before, run_alone):
    """How many of those that failed (each with its output) pass by themselves when the machine is calm: one that stands still
    for seconds while tests run beside one another fails some that are right. Names them, for whoever reads. None is tried that
    showed a defect, or when more than a third of all failed. `run_alone` yields those of its list that passed."""
    names = [name for name, output in failed.items() if not DEFECTS.search(output)]
    if not names or len(failed) > max(3, (passed_before + len(failed)) // 3):
        return 0
    wait_for_calm()
    right = run_alone(names)
    if right:
        print(f"  failed, but passed alone: {' '.join(right)}; see {log.path.relative_to(ROOT)}", flush=True)
    return len(right)


def counts_of_executable(log, command, status, output):
    """Of one that meson.build registers. Tests of googletest that failed are tried again by name, others as a whole."""
    passed, failed = counts_of(status, output)
    words, seconds, env, folder = command
    undivided = {**env, "GTEST_TOTAL_SHARDS": "1", "GTEST_SHARD_INDEX": "0"}

    def run_whole(names):
        status, _ = log.run(words, seconds, undivided, folder)
        return names if status == 0 else []

    def run_chosen(names):
        chosen = [word for word in words if not word.startswith("--gtest_filter")] + [f"--gtest_filter={':'.join(names)}"]
        _, said = log.run(chosen, seconds, undivided, folder)
        return re.findall(r"^\[       OK \] (\S+) \(", said, re.M)

    names = re.findall(r"^\[  FAILED  \] (\S+)$", output, re.M)
    if not names and status == 1 and "[==========]" not in output:
        program = " ".join(Path(word).name for word in words[:2])
        again = passed_alone(log, {program: output}, passed, run_whole)
        return (passed + failed, 0) if again else (passed, failed)
    # where one of several has no plain name, none is tried again
    again = passed_alone(log, dict.fromkeys(names, output), passed, run_chosen) if len(names) == failed else 0
    return passed + again, failed - again


def meson_suite(log, directory, suite, extra=(), env=None, names=()):
    """Runs the executables that meson.build registers in a suite, all or those named, each directly, so that its own counts
    can be read."""
    listed = subprocess.run(
        ["meson", "introspect", "--tests", directory], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tests = [
        test for test in json.loads(listed.stdout) if any(s.split(":")[-1] == suite for s in test["suite"])
        and (not names or test["name"] in names)
    ]
    if not tests:
        raise Failed(f"meson.build registers no test in the suite {suite}")
    commands = []
    for test in tests:
        is_gtest = test["protocol"] == "gtest"
        parts = WORKERS if is_gtest and len(tests) == 1 else 1
        for part in range(parts):
            divided = {"GTEST_TOTAL_SHARDS": str(parts), "GTEST_SHARD_INDEX": str(part)} if parts > 1 else {}
            commands.append(
                (
                    test["cmd"] + (list(extra) if is_gtest else []),
                    max(test["timeout"], 60),
                    {**test["env"], **(env or {}), **divided},
                    test["workdir"] or ROOT / directory,
                )
            )
    done = log.run_each(commands)
    counts = [counts_of_executable(log, command, *result) for command, result in zip(commands, done)]
    return tuple(map(sum, zip(*counts)))


def e2e(log, directory, names=(), env=None, folder="tests/e2e"):
    binaries = {
        "RINGWAY_BIN": ROOT / directory / "src/ringway",
        "RINGORIGIN_BIN": ROOT / directory / "tools/ringorigin",
        "RINGLOAD_BIN": ROOT / directory / "tools/ringload/ringload",
        "RINGCTL_BIN": ROOT / directory / "tools/ringctl/ringctl",
    }
    env = {**{key: str(path) for key, path in binaries.items()}, **(env or {})}
    run = [sys.executable, "tests/e2e/run", "--folder", folder]
    status, output = log.run([*run, *names], 900, env)
    passed, failed = counts_of(status, output)
    # each with its output, which is indented
    told = dict(re.findall(r"^FAIL (\S+) .*\n((?:    .*\n)*)", output, re.M))

    def run_alone(names):
        _, said = log.run([*run, *names], 60 + 60 * len(names), {**env, "RINGWAY_TEST_JOBS": "1"})
        return re.findall(r"^ok   (\S+) ", said, re.M)

    again = passed_alone(log, told, passed, run_alone)
    return passed + again, failed - again


def suite_unit(log):
    build_release(log)
    return meson_suite(log, "build", "unit")


def suite_sim(log):
    build_release(log)
    return meson_suite(log, "build", "sim")


def suite_origin(log):
    build_release(log)
    return meson_suite(log, "build", "origin")


def suite_e2e(log):
    build_release(log)
    return e2e(log, "build")


def suite_browser(log):
    """What the HTML page of ringload shows, in a headless Chromium."""
    build_release(log)
    return meson_suite(log, "build", "browser")


def suite_ringload(log):
    build_release(log)
    return e2e(log, "build", folder="tests/ringload")


def suite_ringctl(log):
    build_release(log)
    return e2e(log, "build", folder="tests/ringctl")


def suite_bench(log):
    build_release(log)
    return meson_suite(log, "build", "bench")


def suite_asan(log):
    build_asan(log)
    parts = [
        meson_suite(log, "build-asan", "unit", env=SANITIZER_ENV),
        meson_suite(log, "build-asan", "sim", env=SANITIZER_ENV),
        e2e(log, "build-asan", env=SANITIZER_ENV),
        e2e(log, "build-asan", RINGLOAD_ODD, SANITIZER_ENV, "tests/ringload"),
        e2e(log, "build-asan", RINGCTL_ODD, SANITIZER_ENV, "tests/ringctl"),
    ]
    return tuple(map(sum, zip(*parts)))


def suite_tsan(log):
    build_tsan(log)
    parts = [
        meson_suite(
            log,
            "build-tsan",
            "unit",
            [f"--gtest_filter={CROSSING_UNIT_FILTER}"],
            SANITIZER_ENV,
            [f"unit-{room}" for room in CROSSING_ROOMS],
        ),
        e2e(log, "build-tsan", CROSSING_E2E, {**SANITIZER_ENV, "RINGWAY_TEST_SHARDS": "2"}),
        e2e(log, "build-tsan", RINGLOAD_CROSSING, SANITIZER_ENV, "tests/ringload"),
        e2e(log, "build-tsan", RINGCTL_CROSSING, SANITIZER_ENV, "tests/ringctl"),
    ]
    return tuple(map(sum, zip(*parts)))


def suite_fuzz(log):
    """Each target for some seconds, from its committed corpus. What it finds stays out of the corpus."""
    corpora = sorted(path for path in (ROOT / "tests/fuzz/corpus").glob("*") if path.is_dir())
    if not corpora:
        raise Failed("tests/fuzz/corpus has no target")
    build_asan(log)
    with tempfile.TemporaryDirectory(prefix="ringway-fuzz-") as scratch:
        commands = []
        for corpus in corpora:
            found = Path(scratch) / corpus.name
            found.mkdir()
            command = [
                f"build-asan/tests/fuzz/{corpus.name}_fuzz",
                f"-max_total_time={FUZZ_SECONDS}",
                "-timeout=5",
                "-rss_limit_mb=2048",
                "-print_final_stats=1",
                f"-artifact_prefix={LOGS}/{corpus.name}-",
            ]
            commands.append(([*command, found, corpus], FUZZ_SECONDS + 60, SANITIZER_ENV))
        failed = sum(status != 0 for status, _ in log.run_each(commands))
    return len(corpora) - failed, failed


def suite_tidy(log):
    build(
        log, "build", ["--buildtype=release"], ["build.ninja"]
    )  # the compile commands that clang-tidy reads
    return counts_of(*log.run([sys.executable, "tools/tidy"], 600))


def suite_package(log):
    """The Debian package, built and tried in a chroot."""
    status, _ = log.run([sys.executable, "tools/package"], 1500)
    if status != 0:
        raise Failed("tools/package failed")
    return counts_of(*log.run([sys.executable, "tests/package/package_test.py"], 600))


def suite_h1_cases(log):
    """The raw cases that live beside the repository. Nothing may be UNSAFE, HANG or DEAD, every MUST passes, and at most
    six SHOULD cases fail."""
    if not H1_CASES.exists():
        raise Failed(f"{H1_CASES} is not there")
    build_release(log)
    result = LOGS / "h1-cases.json"
    result.unlink(missing_ok=True)
    status, _ = log.run(
        [sys.executable, "tests/e2e/run_h1_cases", str(H1_CASES), str(result)],
        600,
        {"RINGWAY_BIN": str(ROOT / "build/src/ringway")},
    )
    if not result.exists():
        raise Failed(f"the cases were not run to their end (exit status {status})")
    cases = json.loads(result.read_text())["res"].values()
    passed = sum(case["v"] == "PASS" for case in cases)
    broken = sum(
        case["v"] not in ("PASS", "FAIL") or (case["v"] == "FAIL" and case["level"] == "MUST")
        for case in cases
    )
    should = sum(case["v"] == "FAIL" and case["level"] == "SHOULD" for case in cases)
    return passed, broken + max(0, should - 6)


SUITES = {
    "unit": suite_unit,
    "sim": suite_sim,
    "origin": suite_origin,
    "e2e": suite_e2e,
    "ringload": suite_ringload,
    "ringctl": suite_ringctl,
    "browser": suite_browser,
    "bench": suite_bench,
    "tidy": suite_tidy,
    "asan": suite_asan,
    "tsan": suite_tsan,
    "fuzz": suite_fuzz,
    "package": suite_package,
    "h1-cases": suite_h1_cases,
}


def run_suite(name):
    log = Log(name)
    start = time.monotonic()
    print(f"{name}: running", flush=True)
    try:
        passed, failed = SUITES[name](log)
        why = ""
    except Failed as error:
        passed, failed, why = 0, 1, f" ({error})"
    took = time.monotonic() - start
    print(f"{name}: {passed} passed, {failed} failed, {took:.0f} s{why}", flush=True)
    if failed:
        print(log.tail())
        print(f"  whole log: {log.path.relative_to(ROOT)}", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(prog="tools/test", description="Builds and runs the test suites.")
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"of: {' '.join(SUITES)} (all of them by default)"
    )
    names = parser.parse_args().suites
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        parser.error(f"no suite is named {' '.join(unknown)}; there are: {' '.join(SUITES)}")
    if not names:
        names = [name for name in SUITES if name != "h1-cases" or H1_CASES.exists()]
    if shutil.which("ninja") is None:
        sys.exit("tools/test: ninja is missing; run tools/setup")
    results = [run_suite(name) for name in names]
    passed, failed = map(sum, zip(*results))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
