"""103 Early Hints and 102 arrive before the final reply, each as the origin sent it."""

import time

from harness import equal, forward_to, header, main, Origin, response, Ringway


def test():
    hint = header(103, {"Link": "</style.css>; rel=preload"}, "Early Hints")

    def answer(request):
        request.connection.send(hint)
        time.sleep(0.1)
        request.connection.send(header(102, reason="Processing"))
        return response(200, b"final")

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for _ in range(2):
            reply = client.get("/")
            equal((reply.status, reply.body), (200, b"final"), "final reply")
            equal([early.status for early in reply.informational], [103, 102], "informational replies")
            equal(reply.informational[0].get("Link"), "</style.css>; rel=preload", "Link of the hint")
        # RFC 9110 15.2: an HTTP/1.0 client never gets a 1xx
        reply = client.request("GET", "/", version="HTTP/1.0")
        equal((reply.status, reply.informational), (200, []), "reply to HTTP/1.0")


if __name__ == "__main__":
    main(test)
