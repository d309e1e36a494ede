"""Each event is at the client before the origin sends the next."""

import threading
import time

from harness import check, equal, forward_to, header, main, Origin, Ringway, SLOW


def test():
    proceed = threading.Semaphore(0)

    def answer(request):
        request.connection.send(
            header(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        )
        for number in range(50):
            check(proceed.acquire(timeout=10 * SLOW), "the client saw the event before")
            event = b"data: %d\n\n" % number
            request.connection.send(b"%x\r\n%s\r\n" % (len(event), event))
        return b"0\r\n\r\n"

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        client.ask("GET", "/events")
        equal(client.reply_head().get("Content-Type"), "text/event-stream", "type")
        delays = []
        for number in range(50):
            start = time.monotonic()
            proceed.release()
            event = b"data: %d\n\n" % number
            size = int(client.reader.until(b"\r\n"), 16)
            equal(client.reader.exactly(size + 2), event + b"\r\n", "event")
            delays.append(time.monotonic() - start)
        equal(client.reader.exactly(5), b"0\r\n\r\n", "end")
        check(
            sorted(delays)[25] < 0.02 * SLOW, f"median delay of an event: {sorted(delays)[25] * 1000:.1f} ms"
        )


if __name__ == "__main__":
    main(test)
