"""More requests in one burst than pipeline_depth_max are all answered, the excess a little later."""

from harness import equal, forward_to, main, Origin, response, Ringway


def test():
    with Origin(lambda request: response(200, request.target)) as origin, Ringway(
        forward_to(origin), listener="pipeline_depth_max = 4"
    ) as ringway, ringway.client() as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(500)))
        for number in range(500):
            equal(client.reply().body, b"/%d" % number, "answer")


if __name__ == "__main__":
    main(test)
