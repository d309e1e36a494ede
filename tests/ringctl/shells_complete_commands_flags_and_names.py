"""The completions in the real shells: bash, zsh and fish know the commands, the flags of each, words, files, and ask the server for
the names of pools and upstreams."""

import os
import shutil
import subprocess

from asking import BINARY, StandIn, TemporaryFolder, check, equal, main, ringctl
from asking.command import environment
from asking.stand_in import upstream_page

UPSTREAMS = [upstream_page("api", "a"), upstream_page("api", "10.0.0.1:80"), upstream_page("web", "front")]

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
        env=environment({"PATH": f"{folder.path}:{os.environ['PATH']}", **variables}),
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
    import pty
    import select
    import time

    script = folder.file("ringctl.bash")
    pid, near = pty.fork()
    if pid == 0:
        variables = environment({"PATH": f"{folder.path}:{os.environ['PATH']}", "PS1": "> ", "RINGWAY_ADMIN": server.admin_address})
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


def in_zsh(folder, server):
    check(shutil.which("zsh"), "zsh is there, as tools/setup installs it")
    functions = os.path.join(folder.path, "functions")
    os.mkdir(functions)
    with open(os.path.join(functions, "_ringctl"), "w", encoding="utf-8") as script:
        script.write(ringctl("completion", "zsh").out)
    # zsh completes only on a terminal of its own: zpty, whose Tab lists what there is
    driver = r"""
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "PS1='> '; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-prompt ''"
    zpty -w z "setopt no_always_to_end; bindkey '^I' complete-word; LISTMAX=0; echo re''ady"
    zpty -r z line '*ready*'
    zpty -n -w z "$2"$'\t'
    sleep 1.5
    zpty -n -w z $'\x15'"echo do''ne"$'\n'
    zpty -r z line '*done*'
    print -r -- $line
    """

    def offered(line):
        done = subprocess.run(
            ["zsh", "-f", "-c", driver, "zsh", functions, line],
            capture_output=True,
            text=True,
            env=environment({"PATH": f"{folder.path}:{os.environ['PATH']}", "RINGWAY_ADMIN": server.admin_address}),
            timeout=60,
            check=False,
        )
        return done.stdout

    for line, wanted in (
        ("ringctl sta", "ringctl status"),
        ("ringctl drain w", "ringctl drain web/front"),
        ("ringctl breaker o", "ringctl breaker open"),
        ("ringctl drain --w", "ringctl drain --wait"),
    ):
        seen = offered(line)
        check(wanted in seen, f"zsh completes {line!r}: {seen!r}")


def in_fish(folder, server):
    check(shutil.which("fish"), "fish is there, as tools/setup installs it")
    script = folder.file("ringctl.fish", ringctl("completion", "fish").out)

    def are(line, *wanted):
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
            capture_output=True,
            text=True,
            env=environment({
                "PATH": f"{folder.path}:{os.environ['PATH']}", "RINGWAY_ADMIN": server.admin_address, "HOME": folder.path,
            }),
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
    with StandIn({"GET /upstreams": UPSTREAMS, "GET /pools": [{"name": "api"}, {"name": "web"}]}) as server:
        with TemporaryFolder() as folder:
            os.symlink(BINARY, os.path.join(folder.path, "ringctl"))
            in_bash(folder, server)
            in_a_real_bash(folder, server)
            in_fish(folder, server)
            in_zsh(folder, server)


if __name__ == "__main__":
    main(test)
