"""However few requests are sampled, failed and slow ones are in the access log; failed ones are sampled too where told."""

import json
import time

from harness import SLOW, Origin, Ringway, equal, forward_to, main, response


def answer(request):
    if request.target == "/slow":
        time.sleep(0.3 * SLOW)
    return response(500 if request.target == "/bad" else 200)


def logged(log):
    """Target and status of each line."""
    with Origin(answer, name="a") as a, Ringway(forward_to(a), log=log) as ringway:
        with ringway.client() as client:
            for _ in range(20):
                client.get("/good")
            for target in ("/bad", "/slow", "/bad", "/slow"):
                client.get(target)
        with ringway.client() as client:
            client.send("GET / HTTP/1.1\r\n\r\n")  # no Host
            client.reply()
        ringway.stop()  # the log is whole then
        with open(ringway.access_path, encoding="utf-8") as text:
            return sorted((line["target"], line["status"]) for line in map(json.loads, text))


def test():
    failed, slow, refused = [("/bad", 500)] * 2, [("/slow", 200)] * 2, [("", 400)]
    slow_ones = f'access_slow = "{250 * SLOW:.0f}ms"'
    for log, wanted in (
        ("access_sampling = 0.0", failed + refused),
        (f"access_sampling = 0.0\n{slow_ones}", failed + slow + refused),
        (f"access_sampling = 0.0\naccess_errors_always = false\n{slow_ones}", slow),
        ("access_sampling = 0.0\naccess_errors_always = false", []),
        ("access_sampling = 1.0", [("/good", 200)] * 20 + failed + slow + refused),
    ):
        equal(logged(log), sorted(wanted), log)


if __name__ == "__main__":
    main(test)
