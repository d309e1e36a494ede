"""embed_openapi.py OUT JSON: writes a C++ source with the text of docs/openapi.json, which has to be JSON."""

import json
import sys
from pathlib import Path

SOURCE = """// Made by src/control/embed_openapi.py from docs/openapi.json.
#include "control/openapi.h"

namespace ringway::control {{

const std::string_view kOpenApi = R"openapi({text})openapi";

}}  // namespace ringway::control
"""


def main():
    out, source = map(Path, sys.argv[1:])
    text = source.read_text(encoding="utf-8")
    json.loads(text)
    if ')openapi"' in text:
        sys.exit('embed_openapi.py: the file contains )openapi", which ends the literal that it is put into')
    out.write_text(SOURCE.format(text=text), encoding="utf-8")


if __name__ == "__main__":
    main()
