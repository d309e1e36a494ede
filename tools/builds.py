"""The builds that the suites run in: release, and two with sanitizers. Each lies in a directory of its own, is configured anew
when the suites want other options, and takes what it can from the compiler's cache."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The rooms whose unit tests cross threads.
CROSSING_ROOMS = ["failover", "observe", "control"]

# Instrumented code is built by clang: a third of g++ 12's time, and the same build proves that everything, benches included,
# compiles without a warning under the second compiler. Line tables are all of the debug information that a report needs.
# ccache, where it is there, knows objects of other directories; what follows lets it keep those with precompiled headers.
CCACHE = "ccache " if shutil.which("ccache") else ""
CLANG = {
    "CC": f"{CCACHE}clang-19",
    "CXX": f"{CCACHE}clang++-19",
    "CCACHE_NOHASHDIR": "1",
    "CCACHE_SLOPPINESS": "pch_defines,time_macros",
    "CCACHE_PCH_EXTSUM": "1",
    "CCACHE_BASEDIR": str(ROOT),
}
# Optimized a little: the simulation runs six times as fast as not at all, for a quarter more of compiling.
# Headers out of a precompiled one are no system headers to clang 19, which finds deprecated things in them.
SANITIZED = [
    "--buildtype=plain",
    "-Doptimization=1",
    "-Db_lundef=false",
    "-Dcpp_args=['-g1','-Xclang','-fno-pch-timestamp','-Wno-deprecated-declarations']",
]


class Failed(Exception):
    """What could not be built or run to its end; the text says why."""


def build(log, directory, options, targets=(), env=None):
    """Configures once, and anew when the suites want other options, then lets ninja decide what is out of date."""
    path = ROOT / directory
    wanted = json.dumps([options, env])
    note = path / "suites-options.json"
    if note.exists() and note.read_text() != wanted:
        shutil.rmtree(path)
    if not (path / "build.ninja").exists():
        status, _ = log.run(["meson", "setup", directory, *options], 300, env)
        if status != 0:
            raise Failed(f"meson setup {directory} failed")
        note.write_text(wanted)
    if env == CLANG and CCACHE:
        sum_precompiled_headers(log, directory, targets)
    status, _ = log.run(["ninja", "-C", directory, *targets], 1500, env)
    if status != 0:
        raise Failed(f"ninja -C {directory} failed")


def sum_precompiled_headers(log, directory, targets):
    """Clang writes where a header stands into what it makes of it, so that ccache finds another file in each directory, and
    knows nothing that includes it. With CCACHE_PCH_EXTSUM it takes the sum beside it instead: here, of all that went in. What
    clang makes of the header itself is of use in its own directory only, and not kept."""

    def ask(tool, *names):
        command = ["ninja", "-C", directory, "-t", tool, *names]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

    headers = [name for name in ask("inputs", *(targets or ["all"])) if name.endswith(".pch")]
    status, _ = log.run(["ninja", "-C", directory, *headers], 600, {**CLANG, "CCACHE_DISABLE": "1"})
    if status != 0:
        raise Failed("a header could not be precompiled")
    for header in headers:
        whole = hashlib.sha256(ask("commands", header)[-1].replace(str(ROOT), "").encode())
        for name in ask("deps", header)[1:]:
            if name:
                whole.update((ROOT / directory / name.strip()).read_bytes())
        (ROOT / directory / f"{header}.sum").write_text(whole.hexdigest())


def build_release(log):
    build(log, "build", ["--buildtype=release"])


def build_asan(log):
    """AddressSanitizer, UndefinedBehaviorSanitizer and what libFuzzer needs: its targets are of the same build."""
    build(log, "build-asan", [*SANITIZED, "-Dfuzzers=true"], env=CLANG)


def build_tsan(log):
    """Only what the suite runs."""
    options = [*SANITIZED, "-Db_sanitize=thread", "-Dbenches=false"]
    targets = ["src/ringway", "tools/ringorigin", "tools/ringload/ringload", "tools/ringctl/ringctl"]
    build(log, "build-tsan", options, [*targets, *(f"tests/unit/unit_{room}" for room in CROSSING_ROOMS)], CLANG)
