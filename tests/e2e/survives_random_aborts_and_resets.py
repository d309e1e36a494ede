"""Mixed load with clients that abort and origins that reset: every whole answer carries the right bytes, and nothing is lost."""

import os
import random
import threading
import time

from harness import (
    check,
    chunked,
    Ended,
    equal,
    eventually,
    forward_to,
    Hangup,
    header,
    main,
    Origin,
    response,
    Ringway,
    SLOW,
)


SECONDS = float(os.environ.get("RINGWAY_SOAK_SECONDS", "5"))
CLIENTS = 24


def body_of(identity, size):
    """Bytes that belong to one request alone."""
    return (f"{identity:016x}".encode() * (size // 16 + 1))[:size]


def answer(request):
    chance = random.random()
    identity = int(request.get("X-Identity"), 16)
    equal(request.body, body_of(identity, len(request.body)), "body at the origin")
    size = random.choice((0, 10, 1000, 30_000, 300_000))
    body = body_of(identity, size)
    fields = {"X-Identity": f"{identity:x}", "X-Size": size}
    if chance < 0.03:
        request.connection.reset()
    if chance < 0.06:
        raise Hangup
    if chance < 0.09:
        request.connection.send(header(200, {"Content-Length": size + 1, **fields}), body)
        raise Hangup
    if chance < 0.12:
        request.connection.send(
            header(200, {"Transfer-Encoding": "chunked", **fields}), b"%x\r\n" % (size + 5), body
        )
        request.connection.reset()
    if chance < 0.2:
        time.sleep(random.random() * 0.05)
    if chance < 0.5:
        cut = random.randrange(size + 1)
        return header(200, {"Transfer-Encoding": "chunked", **fields}) + chunked(body[:cut], body[cut:])
    if chance < 0.6:
        request.connection.send(header(200, {"Connection": "close", **fields}), body)
        raise Hangup
    return response(200, body, fields)


class Load:
    def __init__(self, ringway):
        self.ringway = ringway
        self.end = time.monotonic() + SECONDS
        self.whole = self.cut = self.refused = self.aborted = 0
        self.faults = []
        self.lock = threading.Lock()

    def count(self, what):
        with self.lock:
            setattr(self, what, getattr(self, what) + 1)

    def run(self):
        try:
            while time.monotonic() < self.end:
                with self.ringway.client(seconds=20) as client:
                    try:
                        while time.monotonic() < self.end and self.one(client):
                            pass
                    except (Ended, ConnectionError):
                        self.count("cut")
        except BaseException as error:
            self.faults.append(error)

    def one(self, client):
        """One request; False when the connection is used up."""
        identity = random.getrandbits(63)
        method = random.choice(("GET", "POST", "PUT"))
        body = b"" if method == "GET" else body_of(identity, random.choice((0, 5, 20_000, 200_000)))
        fields = {"X-Identity": f"{identity:x}"}
        if random.random() < 0.3:
            client.send(
                f"{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Identity: {identity:x}\r\n\r\n",
                chunked(*[body[start : start + 7000] for start in range(0, len(body), 7000)]),
            )
        else:
            client.ask(method, "/", fields, body)
        if random.random() < 0.08:
            self.count("aborted")
            client.reset()
            return False
        reply = client.reply()
        if reply.status != 200:
            check(reply.status in (502, 503, 504), f"status {reply.status}")
            self.count("refused")
            return reply.get("Connection") != "close"
        equal(reply.get("X-Identity"), f"{identity:x}", "the answer belongs to the request")
        if len(reply.body) == int(reply.get("X-Size")):  # an until-close body that was cut may be shorter
            equal(reply.body, body_of(identity, len(reply.body)), "body of the answer")
        self.count("whole")
        return reply.get("Connection") != "close" and not client.reader.kept


def test():
    origins = [Origin(answer, name=f"o{number}") for number in range(3)]
    with Ringway(forward_to(*origins)) as ringway:
        load = Load(ringway)
        threads = [threading.Thread(target=load.run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS + 30 * SLOW)
        if load.faults:
            raise load.faults[0]
        print(f"{load.whole} whole, {load.cut} cut, {load.refused} refused, {load.aborted} aborted")
        check(load.whole > 50, f"only {load.whole} whole answers")
        eventually(lambda: ringway.metric("ringway_shard_clients_open") == 0, "all clients are gone")
        eventually(lambda: ringway.metric("ringway_shard_exchanges_active") == 0, "all exchanges have ended")
        eventually(lambda: ringway.metric("ringway_upstream_requests_in_flight") == 0, "nothing is in flight")
    for origin in origins:
        origin.close()
        check(not origin.errors, f"faults at the origin: {origin.errors[:3]}")


if __name__ == "__main__":
    main(test)
