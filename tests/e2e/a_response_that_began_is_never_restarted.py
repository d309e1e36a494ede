"""Once a byte of a response has reached the client, no other upstream is asked."""

import time

from harness import equal, forward_to, header, main, Origin, Ringway


def test():
    def cut(request):
        request.connection.send(header(200, {"Content-Length": 100}), b"partial")
        time.sleep(0.1)
        request.connection.reset()

    origins = [Origin(cut, name=name) for name in "ab"]
    with Ringway(forward_to(*origins)) as ringway, ringway.client() as client:
        client.ask("GET", "/")
        equal(client.reply_head().status, 200, "status")
        equal(client.rest(), b"partial", "body")
        equal(sum(origin.count() for origin in origins), 1, "sends")
    for origin in origins:
        origin.close()


if __name__ == "__main__":
    main(test)
