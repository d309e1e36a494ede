"""The access log has one JSON object for each request, with who, what, where to and how long."""

import re
import time

from harness import check, equal, forward_to, main, Origin, response, Ringway, SLOW


def test():
    def answer(request):
        time.sleep(0.1)
        return response(200, b"hello")

    with Origin(answer, name="one") as origin, Ringway(forward_to(origin)) as ringway:
        with ringway.client(source="127.0.0.6") as client:
            client.request(
                "POST",
                '/a?b="c"'.replace('"', "'"),
                {"User-Agent": 'quoted "agent" \\', "Referer": "http://r/"},
                b"abc",
            )
            client.get("/second")
        with ringway.client() as client:
            client.send("GET / HTTP/1.1\r\n\r\n")  # no Host
            equal(client.reply().status, 400, "refused")
        # lines of several shards come in no order
        lines = ringway.access_lines(3)
        first, second, refused = sorted(lines, key=lambda line: (line["status"], line["time"]))
        wanted = {
            "listener": "main",
            "route": "all",
            "pool": "main",
            "upstream": "one",
            "method": "POST",
            "target": "/a?b='c'",
            "host": "test.example",
            "status": 200,
            "request_body_bytes": 3,
            "response_body_bytes": 5,
            "attempts_count": 1,
            "reused": False,
            "user_agent": 'quoted "agent" \\',
            "referer": "http://r/",
            "refusal": None,
        }
        equal({key: first.get(key) for key in wanted}, wanted, "first line")
        attempts = [(attempt["upstream"], attempt["cause"]) for attempt in first["attempts"]]
        equal(attempts, [("one", None)], "attempts")
        check("127.0.0.6" in first["client"], f"client: {first['client']}")
        equal(first["request_id"], origin.requests[0].get("X-Request-ID"), "request id")
        check(90 < first["first_byte_ms"] < 100 + 1000 * SLOW, f"first_byte_ms {first['first_byte_ms']}")
        check(first["total_ms"] >= first["first_byte_ms"], "total after first byte")
        check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", first["time"]), f"time: {first['time']}")
        equal((second["target"], second["reused"]), ("/second", True), "second line")
        equal(refused["attempts"], [], "attempts of a refused request")
        equal((refused["status"], refused["refusal"]), (400, "bad_request"), "refused line")


if __name__ == "__main__":
    main(test)
