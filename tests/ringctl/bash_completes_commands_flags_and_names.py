"""The completions in bash: commands, the flags of each, words, files, and names of pools and upstreams, which the server is asked
for; the function by itself, and by Tab in a bash on a terminal."""

import os
import pty
import select
import subprocess
import time

from asking import check, equal, main, ringctl
from asking.shells import completing, variables_of

# Prints what pressing Tab behind the words would offer, a line each. Words of a completion are those of the script itself.
BASH = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
complete -p ringctl >/dev/null || exit 1
_ringctl
printf '%s\n' "${COMPREPLY[@]}"
"""


def offers(folder, script, line, **variables):
    """What bash offers for a line."""
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", script, line],
        capture_output=True,
        text=True,
        env=variables_of(folder, **variables),
        cwd=folder.path,
        timeout=20,
        check=False,
    )
    equal((done.returncode, done.stderr), (0, ""), f"bash completes {line!r}")
    return sorted(done.stdout.split())


def in_bash(folder, server):
    script = folder.file("ringctl.bash", ringctl("completion", "bash").out)
    folder.file("new.toml", "")
    where = {"RINGWAY_ADMIN": server.admin_address}

    def are(line, *wanted):
        equal(offers(folder, script, line, **where), sorted(wanted), f"{line!r}")

    are("ringctl sta", "status")
    are("ringctl re", "ready", "reload", "revert")
    are("ringctl breaker ", "close", "open", "reset")
    are("ringctl drain --w", "--wait")
    are("ringctl status --js", "--json")
    are("ringctl --color ", "always", "auto", "never")
    are("ringctl --color always events --fo", "--follow")
    are("ringctl apply n", "new.toml")
    are("ringctl --token-file n", "new.toml")
    are("ringctl upstreams ", "api", "web")
    are("ringctl drain api/a", "api/a")
    are("ringctl drain ", "api/10.0.0.1:80", "api/a", "web/front")
    are("ringctl breaker open w", "web/front")
    are("ringctl weight web/front d", "default")
    are("ringctl weight --json web/front d", "default")
    # readline replaces only what stands behind the colon
    are("ringctl ready api/10.0.0.1:8", "80")
    are("ringctl events --after ")
    equal(offers(folder, script, f"ringctl --admin {server.admin_address} drain w"), ["web/front"], "asked where --admin says")
    equal(offers(folder, script, "ringctl --admin 127.0.0.1:1 drain w"), [], "nobody there: no names, and no noise")


def in_a_real_bash(folder, server):
    """Tab in an interactive bash with readline, on a terminal."""
    script = folder.file("ringctl.bash")
    pid, near = pty.fork()
    if pid == 0:
        variables = variables_of(folder, PS1="> ", RINGWAY_ADMIN=server.admin_address)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], variables)
    seen = b""

    def until(wanted, seconds=20):
        nonlocal seen
        deadline = time.monotonic() + seconds
        while wanted not in seen:
            check(time.monotonic() < deadline, f"no {wanted!r} within {seconds} s: {seen!r}")
            if select.select([near], [], [], 0.1)[0]:
                seen += os.read(near, 65536)
        seen = b""

    try:
        os.write(near, f"source {script}; echo re''ady\n".encode())
        until(b"ready\r\n")
        os.write(near, b"ringctl breaker op\tweb/f\t--js\t\x01echo '\x05'\n")
        until(b"ringctl breaker open web/front --json \r\n")
        os.write(near, b"ringctl ready 10\t\x01echo '\x05'\n")
        until(b"\r\n")
        os.write(near, b"ringctl ready api/1\t\x01echo '\x05'\n")
        until(b"ringctl ready api/10.0.0.1:80 \r\n")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(near)


def test():
    with completing() as (folder, server):
        in_bash(folder, server)
        in_a_real_bash(folder, server)


if __name__ == "__main__":
    main(test)
