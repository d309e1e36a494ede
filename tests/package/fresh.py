"""The Debian of a run: what debootstrap made and the package depends on, kept in out/package, with an overlay over it that
vanishes with the run."""

import hashlib
import pwd
import re
import shutil
from pathlib import Path

from checks import Wrong, check, done

TREE = Path(__file__).resolve().parent.parent.parent
OUT = TREE / "out/package"
CONFIG = "etc/ringway/ringway.toml"
UNIT_FOLDERS = ("usr/lib/systemd/system", "lib/systemd/system")


def field(package, name):
    return done("dpkg-deb", "-f", package, name).strip()


def codename():
    return re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.M)[1]


def make_base(package):
    """The folder of a Debian that has what the package depends on, but not the package."""
    wanted = field(package, "Depends")
    base = OUT / f"base-{hashlib.sha256((codename() + wanted).encode()).hexdigest()[:12]}"
    if base.exists():
        return base
    for old in OUT.glob("base-*"):
        shutil.rmtree(old)
    making = OUT / "base-making"
    print(f"debootstrap {codename()}, once", flush=True)
    done("debootstrap", "--variant=minbase", codename(), making)
    first = [re.sub(r"\s*\(.*?\)", "", choice.split("|")[0]).strip() for choice in wanted.split(",")]
    done("chroot", making, "apt-get", "update", "-q")
    done("chroot", making, "apt-get", "install", "-y", "-q", "--no-install-recommends", *first)
    done("chroot", making, "apt-get", "clean")
    making.rename(base)
    return base


class Fresh:
    """The Debian of this run."""

    def __init__(self, package):
        self.package = package
        self.space = OUT / "run"
        self.space.mkdir(exist_ok=True)
        done("mount", "-t", "tmpfs", "tmpfs", self.space)  # where overlays may have their upper folder
        for name in ("upper", "work", "root"):
            (self.space / name).mkdir()
        self.root = self.space / "root"
        layers = f"lowerdir={make_base(package)},upperdir={self.space}/upper,workdir={self.space}/work"
        done("mount", "-t", "overlay", "overlay", "-o", layers, self.root)
        done("mount", "-t", "proc", "proc", self.root / "proc")
        self.before = self.traces()

    def inside(self, *command):
        return done("chroot", self.root, *command)

    def give(self, package):
        shutil.copy(package, self.root / "given.deb")
        return "/given.deb"

    def newer(self, suffix):
        """The same package with a higher version and another example configuration."""
        folder = self.space / suffix
        done("dpkg-deb", "-R", self.package, folder)
        control = folder / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: (.*)$", rf"Version: \1+{suffix}", control.read_text(), flags=re.M))
        with (folder / CONFIG).open("a", encoding="utf-8") as example:
            example.write(f"# {suffix}\n")
        done("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", folder, self.space / f"{suffix}.deb")
        return self.space / f"{suffix}.deb"

    def traces(self):
        """Everything whose name tells of ringway."""
        found = done("find", self.root, "-xdev", "-iname", "*ringway*", "-printf", "%P\n")
        return set(found.splitlines())

    def path(self, name):
        return self.root / name

    def unit(self, name):
        found = [self.path(folder) / name for folder in UNIT_FOLDERS if self.path(folder).joinpath(name).exists()]
        check(found, f"the unit {name} is not installed")
        return found[0]

    def user(self):
        for line in self.path("etc/passwd").read_text().splitlines():
            name, _, uid, gid, _, home, shell = line.split(":")
            if name == "ringway":
                return pwd.struct_passwd((name, "", int(uid), int(gid), "", home, shell))
        raise Wrong("there is no user ringway")


__all__ = ["CONFIG", "OUT", "Fresh"]
