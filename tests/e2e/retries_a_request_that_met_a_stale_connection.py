"""When the origin resets reused connections before a byte of the answer, repeatable requests are sent again on a fresh one."""

from harness import check, equal, forward_to, main, Origin, response, Ringway


def test():
    def answer(request):
        if request.number > 0:  # every reused connection dies
            request.connection.reset()
        return response(200, b"fresh")

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for number in range(10):
            equal(client.get(f"/{number}").body, b"fresh", f"answer {number}")
        seen = [request.target for request in origin.requests]
        check(all(seen.count(f"/{number}") <= 2 for number in range(10)), f"requests at the origin: {seen}")
        again = [line for line in ringway.access_lines(10) if len(line["attempts"]) > 1]
        check(len(again) >= 3, "requests that were sent twice are in the log")
        for line in again:
            equal([attempt["cause"] for attempt in line["attempts"]], ["stale", None], "why")
            equal(line["attempts_count"], 2, "sends")


if __name__ == "__main__":
    main(test)
