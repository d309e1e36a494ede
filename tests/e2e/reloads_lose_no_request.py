"""Under kept, new and long connections, reloads fail no request, and upgrades between them neither; streams finish where they began."""

from harness import check, main
from harness.upgrading import run


def test():
    figures = run(count=2, pause=1.2, reloads=4)
    check(not figures.failures, "\n".join(figures.failures) + "\n" + figures.log)
    check(figures.streams == 4, f"{figures.streams} streams")
    for name, count in figures.requests.items():
        check(count > 5, f"{name}: {count} requests")


if __name__ == "__main__":
    main(test)
