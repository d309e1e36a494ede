"""The percentiles of the JSON are those of the sorted records, at most 0.1 % above them: latency (time-outs included), the
uncorrected one, and the time to the first byte."""

import math

from loading import Program, TemporaryFolder, check, equal, main, ringload

QUANTILES = {"p50_ms": 0.5, "p75_ms": 0.75, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99, "p99.9_ms": 0.999}
QUANTILES |= {"p99.99_ms": 0.9999, "max_ms": 1}
MIX = """
[[request]]
path = "/fixed?bytes=10"
weight = 40
[[request]]
path = "/slow?delay=2ms"
weight = 7
[[request]]
path = "/slow?delay=30ms"
weight = 2
[[request]]
path = "/stall"
weight = 1
timeout = "40ms"
"""


def check_distribution(what, found, samples_us):
    exact = sorted(samples_us)
    equal(found["count"], len(exact), f"{what}: samples")
    for name, quantile in QUANTILES.items():
        wanted = exact[max(math.ceil(quantile * len(exact)), 1) - 1] / 1000
        off = found[name] / wanted - 1
        check(-1e-6 <= off <= 0.001, f"{what}: {name} is {found[name]}, sorted {wanted}: {100 * off:.4f} % off")
    mean = sum(exact) / len(exact) / 1000
    check(abs(found["mean_ms"] / mean - 1) < 1e-4, f"{what}: mean {found['mean_ms']}, of the records {mean}")


def time_of(records, begin, end):
    return [float(record[end]) - float(record[begin]) for record in records]


def test():
    with Program("a") as origin, TemporaryFolder() as folder:
        mix = folder.file("mix.toml", MIX)
        for flags in (("-n", 8000, "-c", 32, "-t", 2), ("-R", 2000, "-d", "3s", "--warm-up", "100ms", "-c", 48)):
            done = ringload(origin, "--mix", mix, *flags, records=True)
            answered = [record for record in done.records if record["status"]]
            timed_out = [record for record in done.records if record["failure"] == "timed_out"]
            check(timed_out, "no request timed out")
            equal(len(answered) + len(timed_out), len(done.records), "records")
            equal(len(done.records), done["requests"]["due"], "records of the requests due")
            equal(len(timed_out), done["failures"]["timed_out"], "records that timed out")
            check_distribution("latency", done["latency"], time_of(done.records, "due_us", "done_us"))
            check_distribution("first byte", done["first_byte"], time_of(answered, "sent_us", "first_byte_us"))
            if done["uncorrected"]:
                check_distribution("uncorrected", done["uncorrected"], time_of(answered, "sent_us", "done_us"))
            else:
                equal(done["mode"], "closed", "the loop that has no uncorrected latency")
            equal(done["relative_error"], 0.001, "relative error that it states")


if __name__ == "__main__":
    main(test)
