"""Every command and flag that --help has is in the man page and in the completions of each shell, and these have no others; the
man pages are set without a warning; those of ringway and ringload have the flags of their --help too."""

import os
import re
import subprocess
from pathlib import Path

from asking import check, equal, main, ringctl
from harness.ground import RINGLOAD, RINGWAY

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/man"
OTHERS = {"ringway.8": RINGWAY, "ringload.1": RINGLOAD}
FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*")


def set_page(name):
    """The page as people see it, in one line a paragraph."""
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=2000n", str(PAGES / name)],
        capture_output=True,
        text=True,
        check=True,
    )
    equal(done.stderr, "", f"{name} is set without a warning")
    return done.stdout


def lint():
    for page in PAGES.glob("*.[18]"):
        set_page(page.name)
        done = subprocess.run(
            ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)],
            env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"},
            capture_output=True,
            text=True,
            check=False,
        )
        equal((done.returncode, done.stderr), (0, ""), f"man -l {page.name}")
    listed = set(re.findall(r"'([^']+\.[18])'", (PAGES / "meson.build").read_text()))
    equal(listed, {page.name for page in PAGES.glob("*.[18]")}, "the pages that are installed")


def tree(path=()):
    """{command path: its flags}, walked through --help."""
    text = ringctl(*path, "--help").out
    options = text.partition("\nOptions:\n")[2].partition("\n\n")[0]
    flags = {flag for line in options.splitlines() for flag in FLAG.findall(re.split(r" {2,}(?! )", line.strip())[0])}
    found = {" ".join(path): flags}
    for line in text.partition("\nSubcommands:\n")[2].partition("\n\n")[0].splitlines():
        if line.strip():
            found |= tree((*path, line.split()[0]))
    return found


def completion_of(shell, commands):
    """What a completion script knows, read from the script: {command path: its flags}."""
    script = ringctl("completion", shell).out
    found = {}
    if shell == "fish":
        for path in commands:
            quoted = r"\'" + path + r"\'"
            lines = [line for line in script.splitlines() if line.startswith(f"complete -c ringctl -n '__ringctl_is {quoted}'")]
            text = "\n".join(lines)
            longs = re.findall(r" -l ([\w-]+)", text)
            shorts = re.findall(r" -s (\w)", text)
            found[path] = {"--" + name for name in longs} | {"-" + name for name in shorts}
        return found
    for match in re.finditer(r"^        '([^']*)'\)\n.*?\n            flags=\((.*?)\)\n            valued", script, re.M | re.S):
        words = match.group(2) if shell == "bash" else " ".join(re.findall(r"'(--?[\w-]+):", match.group(2)))
        found[match.group(1)] = set(words.split())
    return found


def test():
    lint()
    commands = tree()
    check(len(commands) > 25 and "breaker open" in commands, f"the tree: {sorted(commands)}")
    general = commands[""] - {"-V", "--version"}

    page = set_page("ringctl.1")
    for path, flags in commands.items():
        check(re.search(rf"^ +{re.escape(path)}\b", page, re.M) or path in ("", "breaker", "config", "route", "completion")
              or (path.startswith("completion ") and path.split()[1] in page), f"ringctl.1 has no {path!r}")
        for flag in flags:
            check(re.search(rf"^ +(-\w, )?{flag}\b", page, re.M) or re.search(rf"^ +{flag}, --", page, re.M),
                  f"ringctl.1 has no {flag} ({path})")
    known = set().union(*commands.values())
    for flag in set(FLAG.findall(page.partition("EXAMPLES")[0])):
        check(flag in known or flag == "-t", f"ringctl.1 has {flag}, which no command has")

    for shell in ("bash", "zsh", "fish"):
        found = completion_of(shell, commands)
        equal(sorted(found), sorted(commands), f"the commands that {shell} completes")
        for path, flags in commands.items():
            equal(sorted(found[path]), sorted(flags | general if path else flags), f"the flags of {path!r} in {shell}")

    for name, binary in OTHERS.items():
        said = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
        flags = {flag for line in re.findall(r"^  +(-.*)$", said, re.M) for flag in FLAG.findall(re.split(r" {2,}", line)[0])}
        check(len(flags) > 3, f"the flags of {name}: {flags}")
        page = set_page(name)
        for flag in flags:
            check(re.search(rf"(?<![\w-]){flag}(?![\w-])", page), f"{name} has no {flag}")
        for flag in re.findall(r"^ +(--?[a-zA-Z][a-z-]*)", page, re.M):
            check(flag in flags or flag == "--set", f"{name} has {flag}, which its program has not")


if __name__ == "__main__":
    main(test)
