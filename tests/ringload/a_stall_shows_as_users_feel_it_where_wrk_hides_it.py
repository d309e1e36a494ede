"""An origin stops for a second while ringload (open loop) and wrk (closed loop) load it side by side. ringload's corrected
latency has every request that users would have made meanwhile; its uncorrected one and wrk's hide them."""

import re
import shutil
import subprocess
import time

from loading import Program, Running, TemporaryFolder, check, equal, main

RATE = 500
SECONDS = 8
CONNECTIONS = 2
SCRIPT = """
done = function(summary, latency, requests)
    print(string.format("p99.9 %d us, max %d us, requests %d", latency:percentile(99.9), latency.max, summary.requests))
end
"""


def start_wrk(target, script):
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--latency", "-s", script, target]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def stall(origin):
    """How long it stood still."""
    begin = time.monotonic()
    origin.pause()
    time.sleep(1)
    origin.resume()
    return time.monotonic() - begin


def latencies_ms(done, begin):
    return [(float(record["done_us"]) - float(record[begin])) / 1000 for record in done.records]


def check_ringload(done, stood):
    equal(done["requests"]["due"], RATE * SECONDS, "due")
    equal(done["requests"]["answered"], RATE * SECONDS, "answered")
    expected = RATE * (stood - 0.5)
    late = sum(latency > 500 for latency in latencies_ms(done, "due_us"))
    check(
        0.9 * expected <= late <= 1.2 * expected + 25,
        f"{late} requests were late by more than 500 ms; users would have felt it {expected:.0f} times",
    )
    # half of the stall's users wait longer than half of it, and so on up
    for name, share in (("p99_ms", 0.01), ("p99.9_ms", 0.001)):
        felt = 1000 * (stood - share * SECONDS)
        check(done["latency"][name] >= 0.98 * felt, f"{name} is {done['latency'][name]}, users felt {felt:.0f} ms")
    check(done["latency"]["max_ms"] >= 980 * stood, f"max is {done['latency']['max_ms']}")
    # those that were on their way when it stopped, and no other
    hidden = sum(latency > 500 for latency in latencies_ms(done, "sent_us"))
    check(hidden <= CONNECTIONS, f"{hidden} requests waited 500 ms after they were sent")
    check(done["uncorrected"]["p99.9_ms"] < 300, f"uncorrected p99.9 is {done['uncorrected']['p99.9_ms']}")
    check("uncorrected" in done.out, f"the report shows both:\n{done.out}")


def check_wrk(output):
    found = re.search(r"p99\.9 (\d+) us, max (\d+) us, requests (\d+)", output)
    check(found, f"wrk said:\n{output}")
    p999_ms, max_ms, requests = int(found[1]) / 1000, int(found[2]) / 1000, int(found[3])
    check(requests > 2000 * CONNECTIONS, f"wrk made {requests} requests: too few for its p99.9 to hide anything")
    check(max_ms >= 950, f"wrk met the stall, too: its max is {max_ms} ms")
    check(p999_ms < 300, f"wrk's p99.9 is {p999_ms} ms")
    return p999_ms


def test():
    check(shutil.which("wrk"), "wrk is missing; run tools/setup")
    with Program("a") as origin, TemporaryFolder() as folder:
        script = folder.file("done.lua", SCRIPT)
        flags = ("-R", RATE, "-d", f"{SECONDS}s", "--warm-up", "0s", "-c", CONNECTIONS)
        with Running(origin, *flags, records=True) as run:
            wrk = start_wrk(f"http://{origin.address}/", script)
            time.sleep(3)
            stood = stall(origin)
            done = run.finish()
            output, _ = wrk.communicate(timeout=60)
        equal(done.status, 0, "exit status")
        check_ringload(done, stood)
        wrk_ms = check_wrk(output)
        print(
            f"a stall of {stood:.3f} s: p99.9 of ringload {done['latency']['p99.9_ms']:.0f} ms, "
            f"uncorrected {done['uncorrected']['p99.9_ms']:.1f} ms, of wrk {wrk_ms:.1f} ms"
        )


if __name__ == "__main__":
    main(test)
