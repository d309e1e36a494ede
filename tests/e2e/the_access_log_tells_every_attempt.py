"""The access log has each send of a request with its upstream, why it failed, and how long it took."""

import time

from harness import check, equal, forward_to, free_port, main, Origin, pool, response, Ringway, upstream

QUIET = """
balance = "round_robin"
suspicion = { enabled = false }
breaker = { enabled = false }
outlier = { enabled = false }
hedge = { connect = false }
first_byte_timeout = "150ms"
"""


def test():
    def says(status):
        return lambda _request: response(status)

    def resets(request):
        request.connection.reset()

    def silent(_request):
        time.sleep(0.4)

    def garbled(_request):
        return b"HELLO\r\n\r\n"

    def late(status):
        def answer(_request):
            time.sleep(0.06)
            return response(status)

        return answer

    first = {
        "closed_early": resets,
        "first_byte_timeout": silent,
        "malformed_response": garbled,
        "status_502": says(502),
        "status_503": late(503),
        "status_504": says(504),
        "status_other": says(500),
        "rate_limited": says(429),
        "credentials_refused": says(403),
        "connect_failed": None,
    }
    rules = "[pool.retry]\nstatuses = [500, 502, 503, 504]"
    good = Origin(name="good")
    body = ""
    for cause, handler in first.items():
        bad = Origin(handler, name="bad") if handler else f"127.0.0.1:{free_port()}"
        body += f'[[route]]\npath = "/{cause}"\npool = "{cause}"\n' + pool(
            cause, upstream(bad, 'headers = { "X-Key" = { env = "KEY" } }'), good, extra=QUIET + rules
        )
    with Ringway(body, environment={"KEY": "k"}) as ringway:
        for cause in first:
            reply = ringway.get(f"/{cause}")
            if reply.get("X-Origin") != "good" or cause == "malformed_response":
                print(cause, reply.status, reply.get("X-Origin"))
        for line in ringway.access_lines(len(first)):
            cause = line["pool"]
            equal(line["status"], 200, f"{cause}: status")
            equal(line["upstream"], "good", f"{cause}: who answered")
            equal((line["attempts_count"], len(line["attempts"])), (2, 2), f"{cause}: attempts")
            failed, last = line["attempts"]
            equal(failed["cause"], cause, "cause")
            equal(last["cause"], None, f"{cause}: cause of the last one")
            check(failed["upstream"] != "good" and last["upstream"] == "good", f"{cause}: {line['attempts']}")
            check(failed["ms"] + last["ms"] <= line["total_ms"] + 2, f"{cause}: times {line}")
            if cause == "first_byte_timeout":
                check(failed["ms"] >= 140, f"{cause}: {failed}")
            if cause == "status_503":
                check(55 <= failed["ms"] < 1000, f"{cause}: {failed}")


if __name__ == "__main__":
    main(test)
