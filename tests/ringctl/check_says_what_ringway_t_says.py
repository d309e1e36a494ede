"""ringctl check and ringway -t print the same lines and end alike, of good files, of bad ones, and of none."""

from pathlib import Path

from asking import ROOT, TemporaryFolder, check, equal, main, ringctl
from harness.ground import RINGWAY
from harness.tool import run

FILES = {
    "good.toml": '[[listener]]\naddress = "127.0.0.1:8080"\n[[route]]\nrespond = { status = 204 }\n',
    "bad.toml": '[process]\nusr = "x"\n[[listener]]\naddress = "nowhere"\n[[route]]\npool = "none"\n',
    "feature.toml": '[shards]\nkernel_features_off = ["sqpoll"]\n[[listener]]\naddress = "127.0.0.1:8080"\n[[route]]\n'
    "respond = { status = 204 }\n",
    "syntax.toml": "[process\n",
    "empty.toml": "",
}


def test():
    with TemporaryFolder() as folder:
        paths = [folder.file(name, text) for name, text in FILES.items()]
        paths += [folder.file("absent.toml"), str(Path(ROOT) / "docs/example.toml")]
        statuses = []
        for path in paths:
            theirs = run([RINGWAY, "-t", "-c", path])
            ours = ringctl("check", path)
            equal((ours.status, ours.out, ours.err), (theirs.status, theirs.out, theirs.err), f"of {path}")
            statuses.append(ours.status)
        check(0 in statuses and 1 in statuses, f"some are good, some are not: {statuses}")
        equal(statuses[:2], [0, 1], "a good file, a bad file")


if __name__ == "__main__":
    main(test)
