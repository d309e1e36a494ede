"""The completions in zsh: Tab on a terminal of its own completes commands, flags, and names of upstreams."""

import os
import subprocess

from asking import equal, main, ringctl
from asking.shells import completing, variables_of

# zsh completes only where it edits a line. Reads until what the line is to become has been drawn.
DRIVER = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1='> '; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' complete-word; echo re''ady"
zpty -r z line '*ready*'
zpty -n -w z "$2"$'\t'
zpty -r z line "*$3*"
print -r -- $line
"""
LINES = {
    "ringctl sta": "ringctl status",
    "ringctl drain w": "ringctl drain web/front",
    "ringctl breaker o": "ringctl breaker open",
    "ringctl drain --w": "ringctl drain --wait",
    "ringctl --json upstreams w": "ringctl --json upstreams web",
}


def test():
    with completing() as (folder, server):
        functions = os.path.join(folder.path, "functions")
        os.mkdir(functions)
        with open(os.path.join(functions, "_ringctl"), "w", encoding="utf-8") as script:
            script.write(ringctl("completion", "zsh").out)
        for line, wanted in LINES.items():
            done = subprocess.run(
                ["zsh", "-f", "-c", DRIVER, "zsh", functions, line, wanted],
                capture_output=True,
                text=True,
                env=variables_of(folder, RINGWAY_ADMIN=server.admin_address),
                timeout=30,
                check=False,
            )
            equal((done.returncode, wanted in done.stdout), (0, True), f"zsh completes {line!r}: {done.stdout!r}")


if __name__ == "__main__":
    main(test)
