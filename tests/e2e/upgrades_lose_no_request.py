"""Under kept, new and long connections, upgrades to as many, more and fewer shards fail no request; streams finish in the
process where they began."""

from harness import check, main
from harness.upgrading import run


def test():
    judge(run(count=4, rate=1000, pause=0.6, shards=(2, 2, 3, 1)), streams=8)
    # Where accepts end one by one, the last one may bring a connection.
    judge(run(count=2, rate=1000, pause=0.6, keys='kernel_features_off = ["multishot_accept"]'), streams=4)


def judge(figures, streams):
    check(not figures.failures, "\n".join(figures.failures) + "\n" + figures.log)
    check(figures.streams == streams, f"{figures.streams} streams")
    for name, count in figures.requests.items():
        check(count > 5, f"{name}: {count} requests")


if __name__ == "__main__":
    main(test)
