"""--help has every flag that issue and documentation name, with defaults, examples and exit statuses; each is accepted."""

import re
import subprocess

from loading import BINARY, check, equal, main

FLAGS = """
-c --connections --max-connections -t --threads --cpus -d --duration -n --requests --warm-up --pipeline -R --rate --arrivals
--ramp --step --find-max --precision --timeout --connect-timeout -X --method -H --header -b --body --body-file --expect --mix
--no-keepalive --requests-per-connection --churn --slow-readers --read-rate --slow-senders --send-rate --aborts --abort-after
--checksum --connect --seed --json --csv --html --records -q --quiet --interval --assert --watch --version -h --help
""".split()
TOPICS = ["Exit status", "Examples", "coordinated omission", "corrected", "scenario", "compare", "p99<5ms", "errors=0"]


def run(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=30, check=False)


def test():
    done = run("--help")
    equal((done.returncode, done.stderr), (0, ""), "exit status and standard error")
    said = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", done.stdout))
    equal(sorted(set(FLAGS) - said), [], "flags that --help does not tell of")
    for topic in TOPICS:
        check(topic in done.stdout, f"--help says nothing of {topic!r}")
    check(max(map(len, done.stdout.splitlines())) <= 120, "its lines are wider than 120")
    equal(run("-h").stdout, done.stdout, "-h")
    for flag in said & set(FLAGS):
        check("unknown flag" not in run(flag).stderr, f"{flag} is in --help, and unknown")
    check(re.fullmatch(r"ringload \d+\.\d+.*\n", run("--version").stdout), "--version")


if __name__ == "__main__":
    main(test)
