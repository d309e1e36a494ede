"""What the tests of completions share: a server with names to complete, and a folder with ringctl in it that PATH begins with."""

import contextlib
import os

from harness import TemporaryFolder

from asking.command import BINARY, environment
from asking.stand_in import StandIn, upstream_page

UPSTREAMS = [upstream_page("api", "a"), upstream_page("api", "10.0.0.1:80"), upstream_page("web", "front")]
PAGES = {"GET /upstreams": UPSTREAMS, "GET /pools": [{"name": "api"}, {"name": "web"}]}


@contextlib.contextmanager
def completing():
    """(folder, server)"""
    with StandIn(PAGES) as server, TemporaryFolder() as folder:
        os.symlink(BINARY, os.path.join(folder.path, "ringctl"))
        yield folder, server


def variables_of(folder, **more):
    return environment({"PATH": f"{folder.path}:{os.environ['PATH']}", "HOME": folder.path, **more})
