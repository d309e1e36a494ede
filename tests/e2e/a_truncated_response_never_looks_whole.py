"""When the upstream dies inside a body, the client's message is cut as well: no end chunk, fewer bytes than the length."""

import time

from harness import check, equal, eventually, forward_to, Hangup, header, main, Origin, Ringway


def test():
    def answer(request):
        if request.target == "/length":
            request.connection.send(header(200, {"Content-Length": 1000}), b"x" * 300)
        else:
            request.connection.send(header(200, {"Transfer-Encoding": "chunked"}), b"5\r\nhello\r\n")
        if request.get("X-How") == "reset":
            time.sleep(0.1)  # a reset discards what was not read yet
            request.connection.reset()
        raise Hangup

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway:
        for target in ("/length", "/chunked"):
            for how in ("close", "reset"):
                with ringway.client() as client:
                    client.ask("GET", target, {"X-How": how})
                    head = client.reply_head()
                    equal(head.status, 200, "status")
                    body = client.rest()
                    check(
                        not body.endswith(b"0\r\n\r\n") and len(body) < 1000,
                        f"{target} by {how} is cut: {body[-40:]!r}",
                    )
        eventually(
            lambda: ringway.metric("ringway_refused_total", reason="upstream_truncated") == 4
            or ringway.metric("ringway_refused_total", reason="upstream_truncated")
            + ringway.metric("ringway_refused_total", reason="upstream_reset")
            == 4,
            "four cut answers are counted",
        )


if __name__ == "__main__":
    main(test)
