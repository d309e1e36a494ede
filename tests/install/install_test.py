#!/usr/bin/env python3
"""What `meson install` puts where, that systemd takes its units and finds them tight, and that the packaging agrees with the
rest of the tree. Arguments: the build folder, and the prefix that it was configured with."""

import os
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from findings import ROOT, judge, run  # noqa: E402

BUILD, PREFIX = Path(sys.argv[1]), Path(sys.argv[2])
EXPOSURE_MAX = 2.0

FILES = {
    "bin/ringload",
    "bin/ringway",
    "lib/systemd/system/ringway.service",
    "lib/systemd/system/ringway.socket",
    "lib/sysusers.d/ringway.conf",
    "lib/tmpfiles.d/ringway.conf",
    "etc/logrotate.d/ringway",
    "etc/ringway/ringway.toml",
}
# What other parts bring, all of one kind in one place.
MORE = re.compile(
    r"bin/ringctl|share/man/man[158]/[\w.]+|share/bash-completion/completions/\w+|share/zsh/site-functions/_\w+|"
    r"share/fish/vendor_completions\.d/\w+\.fish"
)
# Needed by the tests and benches, or part of every build, not named by the package.
ONLY_TESTS = {"dpkg-dev", "libbenchmark-dev", "libclang-rt-19-dev", "libgtest-dev"}


def finding(done, what):
    """Nothing when it went well and silently."""
    said = done.stdout + done.stderr
    return [] if done.returncode == 0 and not said.strip() else [f"{what}: exit status {done.returncode}: {said.strip()}"]


def installed(path):
    """A file of the installation."""
    return DEST / str(PREFIX).lstrip("/") / path


def files_installed():
    base = installed("")
    return {str(path.relative_to(base)) for path in base.rglob("*") if path.is_file()}


def shared_of_tree():
    """Documentation, alert rules and dashboard."""
    docs = {f"share/doc/ringway/{path.relative_to(ROOT / 'docs')}" for path in (ROOT / "docs").rglob("*")
            if path.is_file() and "man" not in path.relative_to(ROOT / "docs").parts}
    monitoring = {f"share/ringway/monitoring/{path.name}" for path in (ROOT / "monitoring").iterdir()}
    return docs | (monitoring - {"share/ringway/monitoring/alerts_test.yml"})


def everything_is_where_it_belongs():
    found = files_installed()
    wanted = FILES | shared_of_tree()
    return [f"missing: {name}" for name in sorted(wanted - found)] + [
        f"nobody knows: {name}" for name in sorted(found - wanted) if not MORE.fullmatch(name)
    ]


def only_programs_are_executable():
    wrong = []
    for name in files_installed():
        mode = installed(name).stat().st_mode
        if bool(mode & stat.S_IXUSR) != name.startswith("bin/") or mode & 0o022:
            wrong.append(f"{name} has the mode {mode & 0o777:o}")
    return wrong


def paths_are_those_of_the_prefix():
    text = installed("lib/systemd/system/ringway.service").read_text()
    named = re.findall(r"^ExecStart=(\S+) -c (\S+)$", text, re.M)
    return [] if named == [(f"{PREFIX}/bin/ringway", f"{PREFIX}/etc/ringway/ringway.toml")] else [f"ExecStart= names {named}"]


def units():
    """The installed units with the installation where it is now, for systemd looks at the program."""
    folder = Path(tempfile.mkdtemp(dir=DEST))
    for name in ("ringway.service", "ringway.socket"):
        text = installed(f"lib/systemd/system/{name}").read_text()
        (folder / name).write_text(text.replace(f"{PREFIX}/bin/", f"{installed('bin')}/"))
    return [folder / "ringway.service", folder / "ringway.socket"]


def systemd_takes_the_units():
    return finding(run("systemd-analyze", "verify", "--man=no", *units()), "systemd-analyze verify")


def systemd_finds_the_service_tight():
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", units()[0])
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if not exposure:
        return [f"systemd-analyze security: {done.stdout[-300:]} {done.stderr}"]
    return [] if float(exposure[1]) <= EXPOSURE_MAX else [f"exposure {exposure[1]}, at most {EXPOSURE_MAX} is wanted"]


def the_service_waits_longer_than_the_drain():
    text = (ROOT / "systemd/ringway.service").read_text()
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.M)[1])
    drain = re.search(r"^\| `graceful_timeout` \| a duration \| `\"(\d+)s\"`", (ROOT / "docs/configuration.md").read_text(), re.M)
    return [] if stop > int(drain[1]) else [f"TimeoutStopSec={stop}, graceful_timeout is {drain[1]} s"]


def the_user_and_the_folders_are_made():
    root = Path(tempfile.mkdtemp(dir=DEST))
    (root / "etc").mkdir()
    wrong = finding(run("systemd-sysusers", f"--root={root}", installed("lib/sysusers.d/ringway.conf"), env=quiet()), "sysusers")
    entry = re.search(r"^ringway:[^:]*:(\d+):(\d+):[^:]*:/var/lib/ringway:/usr/sbin/nologin$",
                      (root / "etc/passwd").read_text() if not wrong else "", re.M)
    if not entry:
        return wrong or ["sysusers made no user ringway"]
    if os.geteuid() != 0:
        return wrong  # only root gives folders away
    wrong = finding(run("systemd-tmpfiles", "--create", f"--root={root}", installed("lib/tmpfiles.d/ringway.conf")), "tmpfiles")
    for name in ("run", "var/lib", "var/log"):
        made = (root / name / "ringway").stat()
        if (made.st_uid, made.st_gid, made.st_mode & 0o777) != (int(entry[1]), int(entry[2]), 0o750):
            wrong.append(f"/{name}/ringway belongs to {made.st_uid}:{made.st_gid}, mode {made.st_mode & 0o777:o}")
    return wrong


def quiet():
    """systemd tells on stderr whom it makes."""
    return {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}


def the_example_is_a_good_configuration():
    """With the token that the service makes at its first start."""
    folder = Path(tempfile.mkdtemp(dir=DEST))
    (folder / "token").write_text("a token\n")
    text = installed("etc/ringway/ringway.toml").read_text()
    service = (ROOT / "systemd/ringway.service").read_text()
    token = re.search(r'^token_file = "(.*?)"', text, re.M)[1]
    (folder / "ringway.toml").write_text(text.replace(token, str(folder / "token")))
    done = run(BUILD / "src/ringway", "-t", "-c", folder / "ringway.toml")
    return [done.stderr] * (done.returncode != 0) + [f"ringway.service makes no {token}"] * (f">{token}'" not in service)


def the_socket_is_that_of_the_example():
    listener = re.search(r'^address = "(.*)"$', (ROOT / "systemd/ringway.toml").read_text(), re.M)[1]
    stream = re.search(r"^ListenStream=(.*)$", (ROOT / "systemd/ringway.socket").read_text(), re.M)[1]
    return [] if listener == stream else [f"the socket listens on {stream}, the example on {listener}"]


def a_changed_configuration_stays():
    changed = installed("etc/ringway/ringway.toml")
    changed.write_text("# mine\n")
    wrong = [] if install().returncode == 0 else ["the second installation failed"]
    return wrong if changed.read_text() == "# mine\n" else [*wrong, "the second installation replaced what was changed"]


def the_package_has_the_version_of_the_program():
    program = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    package = re.match(r"ringway \((\S+)\)", (ROOT / "debian/changelog").read_text())[1]
    return [] if package == program else [f"debian/changelog says {package}, meson.build {program}"]


def the_package_is_built_with_what_setup_installs():
    setup = set(re.findall(r"^ {4}([a-z0-9.+-]+-dev)$", (ROOT / "tools/setup").read_text(), re.M))
    control = re.search(r"^Build-Depends:\n((?: .*\n)+)", (ROOT / "debian/control").read_text(), re.M)[1]
    package = set(re.findall(r"^ ([a-z0-9.+-]+-dev)\b", control, re.M))
    wanted = setup - ONLY_TESTS
    return [f"debian/control: Build-Depends lacks {name}" for name in sorted(wanted - package)] + [
        f"tools/setup: lacks {name} of debian/control" for name in sorted(package - setup)
    ]


TESTS = [
    everything_is_where_it_belongs,
    only_programs_are_executable,
    paths_are_those_of_the_prefix,
    systemd_takes_the_units,
    systemd_finds_the_service_tight,
    the_service_waits_longer_than_the_drain,
    the_user_and_the_folders_are_made,
    the_example_is_a_good_configuration,
    the_socket_is_that_of_the_example,
    the_package_has_the_version_of_the_program,
    the_package_is_built_with_what_setup_installs,
    a_changed_configuration_stays,
]


def install():
    return run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", DEST)


def main():
    done = install()
    if done.returncode != 0:
        sys.exit(f"meson install failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return judge(TESTS)


if __name__ == "__main__":
    DEST = Path(tempfile.mkdtemp(prefix="ringway-install-"))
    try:
        STATUS = main()
    finally:
        shutil.rmtree(DEST, ignore_errors=True)
    sys.exit(STATUS)
