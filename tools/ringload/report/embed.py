"""Puts the page together at build time: embed.py OUT PAGE STYLE SCRIPT... writes a C++ source with the page's text before and
after the place of the result. The page allows its own style and script by their hashes, and nothing else."""

import base64
import hashlib
import sys
from pathlib import Path

SOURCE = """// Made by tools/ringload/report/embed.py from the files of report/page/.
#include "report/page.h"

namespace ringload {{

const std::string_view kPageBefore = R"page({before})page";

const std::string_view kPageAfter = R"page({after})page";

}}  // namespace ringload
"""


def hash_of(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page_of(template, style, script):
    """The page as its two parts around the result."""
    for name, text, ends in [("style", style, ["</style"]), ("script", script, ["</script", "<!--"])]:
        for end in ends:
            if end in text:
                sys.exit(f"embed.py: the {name} contains {end}, which ends its element; write it in two pieces")
    values = {
        "@style-hash@": hash_of(style),
        "@script-hash@": hash_of(script),
        "@style@": style,
        "@script@": script,
    }
    before, result, after = template.partition("@result@")
    for name, value in values.items():
        if (before + after).count(name) != 1:
            sys.exit(f"embed.py: the page has to have {name} exactly once")
        before, after = before.replace(name, value), after.replace(name, value)
    if not result:
        sys.exit("embed.py: the page has no place for @result@")
    if ')page"' in before + after:
        sys.exit('embed.py: the page contains )page", which ends the literal that it is in; write it in two pieces')
    return before, after


def main():
    out, template, style, *scripts = map(Path, sys.argv[1:])
    script = "".join(path.read_text(encoding="utf-8") for path in scripts)
    wrapped = "\n'use strict';\n(() => {\n" + script + "\n})();\n"
    before, after = page_of(
        template.read_text(encoding="utf-8"), style.read_text(encoding="utf-8"), wrapped
    )
    out.write_text(SOURCE.format(before=before, after=after), encoding="utf-8")


if __name__ == "__main__":
    main()
