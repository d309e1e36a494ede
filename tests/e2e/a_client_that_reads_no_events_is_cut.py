"""A client that follows /events and does not read them costs a bounded buffer, holds nobody, and is cut."""

import time

from harness import Client, Controlled, EventStream, SLOW, TOKEN, check, equal, eventually, forward_to, main, Origin

PAIRS = 1000  # of changes; each makes four events of about 300 bytes


def test():
    with Origin(name="a") as a, Controlled(forward_to(a)) as ringway:
        reader = EventStream(ringway, seconds=60.0)
        deaf = EventStream(ringway, receive_bytes=4096)
        before = ringway.rss_bytes()
        fields = [("Authorization", f"Bearer {TOKEN}")]
        seen = 0
        with Client(ringway.admin_port) as client:
            for pair in range(PAIRS):
                for verb in ("drain", "ready"):
                    reply = client.request("POST", f"/upstreams/main/a/{verb}", fields)
                    equal(reply.status, 200, verb)
                if pair % 50 == 49:  # whoever reads misses nothing
                    while seen < 4 * (pair + 1):
                        seen += 1
                        equal(reader.event()["id"], seen, "ids in a row")
        equal(ringway.page("/status")["last_event_id"], 4 * PAIRS, "events")
        if SLOW == 1:  # a sanitizer keeps what was freed for a while
            check(ringway.rss_bytes() - before < 16 << 20, f"memory grew by {ringway.rss_bytes() - before} bytes")
        descriptors = ringway.descriptors()
        start = time.monotonic()
        eventually(lambda: ringway.descriptors() < descriptors or ended(deaf), "the deaf client is cut", 20)
        check(time.monotonic() - start < 20 * SLOW, "in time")
        ringway.change("/upstreams/main/a/drain")
        equal(reader.event()["id"], seen + 1, "the other goes on")
        reader.client.close()
        deaf.client.close()


def ended(stream):
    """True when the server has cut it: nothing is read, so that only the kernel tells."""
    import select

    poll = select.poll()
    poll.register(stream.client.sock, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


if __name__ == "__main__":
    main(test)
