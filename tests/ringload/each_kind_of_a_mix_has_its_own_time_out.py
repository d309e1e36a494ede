"""A kind's time-out is its own, on a connection and while it waits for one behind others that wait longer."""

import time

from loading import Origin, SLOW, TemporaryFolder, answer_quickly, check, equal, main, response, ringload

MIX = """
[[request]]
name = "patient"
path = "/patient"
[[request]]
name = "hasty"
path = "/hasty"
timeout = "100ms"
"""


def late(request):
    time.sleep(0.25)
    return response(200, b"late")


def waited_ms(done, kind):
    return [
        (float(record["done_us"]) - float(record["due_us"])) / 1000 for record in done.records if record["kind"] == kind
    ]


def test():
    with TemporaryFolder() as folder:
        mix = folder.file("mix.toml", MIX)
        with Origin(late) as origin:
            done = ringload(origin, "--mix", mix, "-n", 40, "-c", 8, records=True)
            hasty = sum(request.target == "/hasty" for request in origin.requests)
            check(hasty > 5, f"{hasty} requests of the hasty kind")
            equal(done["failures"]["timed_out"], hasty, "timed out: the hasty ones")
            equal(done["requests"]["answered"], 40 - hasty, "answered: the patient ones")
            check(min(waited_ms(done, "hasty")) >= 100, "none was given up before its time")

        def stuck(request):
            if request.number == 0:
                time.sleep(1.5)
            return answer_quickly(request)

        # the only connection is stuck with the first request; what is due meanwhile waits
        with Origin(stuck) as origin:
            flags = ("-R", 60, "-d", "1s", "--warm-up", "0s", "-c", 1, "--timeout", "10s", "--seed", 3)
            done = ringload(origin, "--mix", mix, *flags, records=True)
            hasty = waited_ms(done, "hasty")
            check(len(hasty) > 15, f"{len(hasty)} requests of the hasty kind")
            check(max(hasty) < 600 * SLOW, f"a hasty one waited {max(hasty):.0f} ms behind patient ones")
            patient = waited_ms(done, "patient")
            check(done["requests"]["answered"] >= len(patient) - 1, f"the patient ones are answered: {done['failures']}")


if __name__ == "__main__":
    main(test)
