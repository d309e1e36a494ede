"""A client that resets while it waits, or in the middle of the answer, ends the upstream request at once."""

import time

from harness import check, equal, eventually, forward_to, Hangup, header, main, Origin, Ringway, SLOW


def test():
    left = []

    def answer(request):
        if request.target == "/middle":
            request.connection.send(header(200, {"Content-Length": 10_000_000}), b"x" * 1000)
        start = time.monotonic()
        gone = request.connection.wait_peer_left(10 * SLOW)
        left.append((request.target, gone, time.monotonic() - start))
        raise Hangup

    with Origin(answer, read_body=False) as origin, Ringway(forward_to(origin)) as ringway:
        for number, target in enumerate(("/waiting", "/middle", "/body")):
            client = ringway.client()
            if target == "/body":  # leaves inside its own request body
                client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            else:
                client.ask("GET", target)
            eventually(lambda wanted=number + 1: origin.count() == wanted, "the request is at the origin")
            if target == "/middle":
                equal(client.reply_head().status, 200, "status")
            time.sleep(0.3)
            client.reset()
            eventually(lambda wanted=number + 1: len(left) == wanted, "the origin is told")
        for target, gone, seconds in left:
            check(gone and seconds < 0.3 + 0.5 * SLOW, f"{target}: told after {seconds:.2f} s ({gone})")
        eventually(lambda: ringway.metric("ringway_shard_client_aborts_total") == 3, "the aborts are counted")


if __name__ == "__main__":
    main(test)
