"""Slow readers fill the server's socket, slow senders' bytes come at the rate that was asked for; the others go on at full
speed, and only theirs are the figures."""

import socket
import threading
import time

from loading import Origin, SLOW, check, equal, header, main, ringload
from loading.servers import QUICK

BODY_BYTES = 400_000


def readers():
    sent = {}

    def answer(request):
        connection = request.connection
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        connection.send(header(200, {"Content-Length": BODY_BYTES}))
        for _ in range(BODY_BYTES // 4000):
            connection.send(b"x" * 4000)
            sent[connection] = sent.get(connection, 0) + 4000

    with Origin(answer) as origin:
        flags = ("-c", 4, "--slow-readers", "50%", "--read-rate", "20KiB/s")
        done = ringload(origin, "-d", "2s", "--warm-up", "0s", *flags)
        amounts = sorted(sent.get(connection, 0) for connection in origin.connections)
        equal(len(amounts), 4, "connections")
        for amount in amounts[:2]:
            check(20_000 <= amount <= 2 * 20_480 * SLOW + 150_000, f"a slow reader took {amount} bytes in 2 s: {amounts}")
        for amount in amounts[2:]:
            check(amount > 4 * BODY_BYTES, f"a brisk reader took {amount} bytes in 2 s: {amounts}")
        brisk = sum(request.connection in sorted_by(sent)[2:] for request in origin.requests)
        equal(done["requests"]["due"], brisk, "requests due: those of the brisk ones")
        equal(done["requests"]["answered"], brisk, "answered")
        equal(done["slow_clients"], None, "answers that slow readers had to their end")
        check(done["latency"]["p99_ms"] < 500 * SLOW, f"p99 of the others {done['latency']['p99_ms']} ms")


def sorted_by(amounts):
    return sorted(amounts, key=amounts.get)


def whole_answers_of_slow_readers():
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"y" * 5000
    with Origin(lambda _: body) as origin:
        flags = ("-c", 4, "-t", 4, "--slow-readers", "25%", "--read-rate", "10KiB/s")
        done = ringload(origin, "-d", "2s", "--warm-up", "0s", *flags)
        slow = done["slow_clients"]
        check(slow, "no slow reader had an answer: 25 % of 4 connections in 4 threads is one")
        check(slow["p50_ms"] > 400, f"5 kB at 10 KiB/s took {slow['p50_ms']} ms")
        check(2 <= slow["count"] <= 4, f"{slow['count']} of them in 2 s")
        check(done["latency"]["count"] > 50, "the others went on")


def slow_readers_are_as_fast_as_they_were_told():
    """400 KiB/s is more than one small read at each tick."""
    body = header(200, {"Content-Length": BODY_BYTES}) + b"y" * BODY_BYTES
    with Origin(lambda _: body) as origin:
        flags = ("-c", 2, "--slow-readers", "50%", "--read-rate", "400KiB/s")
        done = ringload(origin, "-d", "4s", "--warm-up", "0s", *flags)
        slow = done["slow_clients"]
        check(slow, "no slow reader had its 400 kB in 4 s")
        check(900 < slow["p50_ms"] < 2500 * SLOW, f"400 kB at 400 KiB/s took {slow['p50_ms']} ms")


def note_bytes(client, seen):
    """When how many bytes came; answers what is whole."""
    kept = b""
    while True:
        try:
            got = client.recv(65536)
        except OSError:
            return
        if not got:
            return
        seen.append((time.monotonic(), len(got)))
        kept += got
        while b"\r\n\r\n" in kept:
            kept = kept[kept.index(b"\r\n\r\n") + 4 :]
            client.sendall(QUICK)


def senders():
    listener = socket.create_server(("127.0.0.1", 0))
    seen = []

    def accept():
        while True:
            client, _ = listener.accept()
            seen.append([])
            threading.Thread(target=note_bytes, args=(client, seen[-1]), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    flags = ("-c", 4, "--slow-senders", "50%", "--send-rate", "100B/s", "-H", f"X-Long: {'z' * 2000}")
    done = ringload(listener.getsockname()[1], "-d", "2s", "--warm-up", "0s", *flags)
    equal(len(seen), 4, "connections")
    amounts = sorted(sum(size for _, size in pieces) for pieces in seen)
    for amount in amounts[:2]:
        check(100 <= amount <= 230, f"a slow sender sent {amount} bytes in 2 s: {amounts}")
    for amount in amounts[2:]:
        check(amount > 100_000, f"a brisk sender sent {amount} bytes in 2 s: {amounts}")
    slow = [pieces for pieces in seen if sum(size for _, size in pieces) < 1000]
    for pieces in slow:  # those that met while this process waited for its turn came as one
        check(sorted(size for _, size in pieces)[len(pieces) // 2] <= 10, f"they come in small pieces: {pieces[:9]}")
    equal(done["slow_clients"], None, "whole answers to slow senders")


def both_kinds():
    with Origin(lambda _: QUICK) as origin:
        flags = ("--slow-readers", "30%", "--slow-senders", "30%", "--send-rate", "1B/s", "--read-rate", "1B/s")
        ringload(origin, "-n", 100, "-c", 10, *flags)
        used = {request.connection for request in origin.requests}
        equal(len(origin.connections), 10, "connections")
        equal(len(used), 7, "connections whose request came whole: 4 brisk ones, 3 slow readers")


def test():
    readers()
    whole_answers_of_slow_readers()
    slow_readers_are_as_fast_as_they_were_told()
    senders()
    both_kinds()


if __name__ == "__main__":
    main(test)
