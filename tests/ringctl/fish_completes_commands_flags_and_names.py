"""The completions in fish: commands, flags, words, and names of pools and upstreams."""

import subprocess

from asking import equal, main, ringctl
from asking.shells import completing, variables_of


def in_fish(folder, server):
    script = folder.file("ringctl.fish", ringctl("completion", "fish").out)

    def are(line, *wanted):
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
            capture_output=True,
            text=True,
            env=variables_of(folder, RINGWAY_ADMIN=server.admin_address),
            timeout=30,
            check=False,
        )
        equal((done.returncode, done.stderr), (0, ""), f"fish completes {line!r}")
        equal(sorted(row.split("\t")[0] for row in done.stdout.splitlines()), sorted(wanted), f"fish: {line!r}")

    are("ringctl sta", "status")
    are("ringctl breaker ", "close", "open", "reset")
    are("ringctl drain --w", "--wait")
    are("ringctl drain ", "api/10.0.0.1:80", "api/a", "web/front")
    are("ringctl --color ", "always", "auto", "never")
    are("ringctl --json upstreams ", "api", "web")
    are("ringctl events --fo", "--follow")


def test():
    with completing() as (folder, server):
        in_fish(folder, server)


if __name__ == "__main__":
    main(test)
