"""Under kept, new and long connections, upgrades to as many, more and fewer shards fail no request; streams finish in the
process where they began."""

from harness import check, main
from harness.upgrading import run


def test():
    figures = run(count=4, rate=1000, pause=0.6, shards=(2, 2, 3, 1))
    check(not figures.failures, "\n".join(figures.failures))
    check(figures.streams == 8, f"{figures.streams} streams")
    for name, count in figures.requests.items():
        check(count > 5, f"{name}: {count} requests")


if __name__ == "__main__":
    main(test)
