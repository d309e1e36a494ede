"""With several shards the kernel spreads connections, and all answer alike."""

from harness import check, equal, forward_to, main, Origin, Ringway


def test():
    with Origin() as origin, Ringway(forward_to(origin), shards="count = 2") as ringway:
        for number in range(60):
            with ringway.client() as client:
                equal(client.post(f"/{number}", b"abc").status, 200, "status")
        by_shard = [ringway.metric("ringway_shard_exchanges_total", shard=str(shard)) for shard in range(2)]
        equal(sum(by_shard), 60, "requests of both shards")
        check(min(by_shard) >= 10, f"requests by shard: {by_shard}")


if __name__ == "__main__":
    main(test)
