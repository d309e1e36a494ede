"""A mix of every way in which an answer can fail: each is counted under its own name, as often as the server saw it asked for;
none is counted twice."""

import socket
import time

from loading import SLOW, Origin, TemporaryFolder, check, equal, eventually, free_port, header, main, response, ringload

FAILURES = ["reset", "cut", "timed_out", "malformed", "unexpected_status", "wrong_body"]
WHOLE = ("unexpected_status", "wrong_body")


def answer(request):
    what = request.target[1:]
    if what == "reset":
        request.connection.reset()
    elif what == "cut":
        request.connection.send(header(200, {"Content-Length": 100}), b"half of it")
        request.connection.sock.shutdown(socket.SHUT_RDWR)
    elif what == "timed_out":
        request.connection.wait_peer_left(5)
    elif what == "malformed":
        return b"HTTP/1.1 two hundred\r\n\r\n"
    elif what == "unexpected_status":
        return response(503, b"busy")
    elif what == "wrong_body":
        return response(200, b"surprise", {"X-Sum": "0000000000000000"})
    return response(200, b"good")


def mix_of(folder):
    kinds = [f'[[request]]\nname = "{name}"\npath = "/{name}"\n' for name in [*FAILURES, "none"]]
    kinds[FAILURES.index("timed_out")] += f'timeout = "{int(150 * SLOW)}ms"\n'
    kinds[FAILURES.index("wrong_body")] += 'checksum = "field:X-Sum"\n'
    return folder.file("mix.toml", "\n".join(kinds))


def check_counts(done, origin, connections):
    # what was given up is still to be read by a server that had no turn until then
    eventually(lambda: origin.count() >= done["requests"]["due"], "the server saw all that was due")
    asked = {name: sum(request.target == "/" + name for request in origin.requests) for name in [*FAILURES, "none"]}
    for name in FAILURES:
        check(asked[name] > 0, f"{name} was never asked for")
        equal(done["failures"][name], asked[name], f"failures named {name}")
        kind = next(kind for kind in done["kinds"] if kind["name"] == name)
        equal(kind["failed"], asked[name], f"failed requests of the kind {name}")
        equal((kind["latency"] or {"count": 0})["count"], asked[name] if name in WHOLE else 0, f"answers to {name}")
    equal(done["requests"]["due"], origin.count(), "due")
    equal(done["requests"]["errors"], sum(asked[name] for name in FAILURES), "errors")
    equal(done["requests"]["answered"], asked["none"] + sum(asked[name] for name in WHOLE), "answered")
    equal(done["latency"]["count"], done["requests"]["answered"] + asked["timed_out"], "latencies, time-outs included")
    broken = sum(asked[name] for name in ("reset", "cut", "timed_out", "malformed"))
    check(done["connects"] <= connections + broken, f"{done['connects']} connections for {broken} that ended")
    equal(len(origin.connections), done["connects"], "connections that the server saw")


def refused():
    done = ringload(free_port(), "-n", 20, "-c", 4, status=1)
    equal(done["failures"]["refused"], 20, "refused")
    equal(done["requests"]["errors"], 20, "errors")
    check("refused 20" in done.err, f"it says why nothing was answered: {done.err}")
    done = ringload(free_port(), "-R", 100, "-d", "500ms", "-c", 4, "--warm-up", "0s", status=1)
    equal(done["requests"]["due"], 50, "due in an open loop")
    equal(done["failures"]["refused"], 50, "refused in an open loop")


def nobody_accepts():
    """A full backlog swallows SYNs: neither accepted nor refused."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    full = [socket.socket() for _ in range(3)]
    for client in full:
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
    time.sleep(0.1)
    begin = time.monotonic()
    done = ringload(port, "-n", 3, "-c", 3, "--connect-timeout", "300ms", status=1)
    equal(done["failures"]["connect_timed_out"], 3, f"connects that timed out of {done['failures']}")
    check(time.monotonic() - begin >= 0.3, "they were given up before their time")


def pipelined():
    """Those behind one that fails are cut with their connection."""
    with Origin(lambda request: request.connection.reset()) as origin:
        done = ringload(origin, "-n", 40, "-c", 1, "--pipeline", 4, status=1)
        equal(done["failures"]["reset"] + done["failures"]["cut"], 40, "reset and cut")
        equal(done["failures"]["reset"], len(origin.connections), "reset: one a connection")


def test():
    with TemporaryFolder() as folder:
        mix = mix_of(folder)
        for flags in (("-n", 300, "-c", 6), ("-R", 150, "-d", "2s", "--warm-up", "0s", "-c", 24, "-t", 2)):
            with Origin(answer) as origin:
                check_counts(ringload(origin, "--mix", mix, *flags), origin, 24)
    refused()
    nobody_accepts()
    pipelined()


if __name__ == "__main__":
    main(test)
