"""Requests sent in one write are answered in their order, bodies included."""

import time

from harness import equal, forward_to, main, Origin, pattern, response, Ringway


def test():
    def answer(request):
        # later requests are faster: order must not depend on it
        time.sleep(0.05 if request.target == "/0" else 0)
        return response(200, request.target.encode() + request.body)

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        wanted = []
        burst = b""
        for number in range(20):
            body = pattern(number * 7, number)
            burst += (
                f"POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
            wanted.append(f"/{number}".encode() + body)
        client.send(burst)
        for number, body in enumerate(wanted):
            equal(client.reply().body, body, f"answer {number}")
        # a client that pipelines may split its heads anywhere
        for piece in (
            b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HT",
            b"TP/1.1\r\nHo",
            b"st: a\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n",
            b"\r\n",
        ):
            client.send(piece)
            time.sleep(0.02)
        equal([client.reply().body for _ in range(3)], [b"/a", b"/b", b"/c"], "answers of split heads")


if __name__ == "__main__":
    main(test)
