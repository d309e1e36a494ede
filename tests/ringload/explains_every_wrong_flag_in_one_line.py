"""A command line that cannot be obeyed: one line with the flag, the value and what to do, status 1, and no request."""

import subprocess

from loading import BINARY, Origin, TemporaryFolder, check, equal, main

# argument words behind the URL, or instead of it; what the line must have
WITH_URL = [
    (["--conections", "5"], ["--conections", "did you mean --connections?", "--help"]),
    (["--rat", "5"], ["--rat", "did you mean --rate?"]),
    (["-rate", "5"], ["unknown flag"]),
    (["--vus", "5"], ["did you mean --connections?"]),
    (["--latency"], ["--latency"]),
    (["--http2"], ["HTTP/2 is not available in this version"]),
    (["--rate", "0"], ["--rate 0", "must be more than 0"]),
    (["--rate", "fast"], ["--rate fast", "as 5000"]),
    (["--rate", "-5"], ["--rate -5", "must be more than 0"]),
    (["-c", "0"], ["--connections 0", "from 1"]),
    (["-c", "x"], ["--connections x", "whole number"]),
    (["-t", "0"], ["--threads 0", "from 1"]),
    (["-t", "9", "-c", "8"], ["--threads 9", "--connections"]),
    (["--pipeline", "0"], ["--pipeline 0"]),
    (["-d", "10"], ["--duration 10", "unit"]),
    (["-d", "0s"], ["--duration 0s", "from 10ms"]),
    (["-d", "soon"], ["--duration soon", "10s"]),
    (["-n", "0"], ["--requests 0", "from 1"]),
    (["--warm-up", "-1s"], ["--warm-up"]),
    (["--timeout", "0ms"], ["--timeout 0ms"]),
    (["--connect-timeout", "x"], ["--connect-timeout x"]),
    (["--arrivals", "random", "--rate", "5"], ["--arrivals random", "constant or poisson"]),
    (["--arrivals", "poisson"], ["--arrivals", "--rate"]),
    (["--ramp", "100"], ["--ramp 100", "one rate"]),
    (["--ramp", "1:2"], ["--ramp 1:2", "FROM:TO:STEP"]),
    (["--ramp", "1,2", "--rate", "5"], ["--ramp and --rate", "exclude each other"]),
    (["--ramp", "1,2", "-d", "5s"], ["--ramp and --duration", "exclude each other"]),
    (["--find-max", "p99"], ["--find-max", "p99"]),
    (["--find-max", "p99<5ms", "--precision", "0%"], ["--precision 0%"]),
    (["--step", "5s"], ["--step", "--ramp"]),
    (["-X", "GE T"], ["--method", "GE T"]),
    (["-H", "no colon"], ["--header", "Name: value"]),
    (["-H", "Content-Length: 5"], ["--header", "Content-Length"]),
    (["-b", "x", "--body-file", "y"], ["--body and --body-file", "exclude each other"]),
    (["--body-file", "/nowhere/x"], ["--body-file /nowhere/x"]),
    (["--expect", "abc"], ["--expect abc", "2xx"]),
    (["--mix", "/nowhere/mix.toml"], ["/nowhere/mix.toml"]),
    (["--mix", "x.toml", "-X", "PUT"], ["--mix and --method", "exclude each other"]),
    (["--no-keepalive", "--requests-per-connection", "5"], ["exclude each other"]),
    (["--requests-per-connection", "0"], ["--requests-per-connection 0"]),
    (["--churn", "0"], ["--churn 0", "more than 0"]),
    (["--slow-readers", "5"], ["--slow-readers 5", "%"]),
    (["--slow-readers", "60%", "--slow-senders", "60%"], ["100%"]),
    (["--read-rate", "1KiB/s"], ["--read-rate", "--slow-readers"]),
    (["--slow-senders", "5%", "--send-rate", "0"], ["--send-rate 0"]),
    (["--aborts", "101%"], ["--aborts 101%", "100%"]),
    (["--abort-after", "5ms"], ["--abort-after", "--aborts"]),
    (["--checksum", "md5:00"], ["--checksum md5:00", "crc32"]),
    (["--connect", "nowhere"], ["--connect nowhere", "unix:/path"]),
    (["--seed", "x"], ["--seed x"]),
    (["--cpus", "two"], ["--cpus two", "2,3"]),
    (["--cpus", "1000"], ["CPU 1000"]),
    (["--assert", "p99<5"], ["--assert", "p99<5", "ms"]),
    (["--assert", "p98.5x<5ms"], ["--assert"]),
    (["--assert", "error=0"], ["--assert", "errors"]),
    (["--assert", "p99=5ms"], ["--assert", "p99=5ms"]),
    (["--watch", "4194303"], ["--watch 4194303", "no such process"]),
    (["--interval", "1ms"], ["--interval 1ms"]),
    (["--json", ""], ["--json"]),
    (["--html", "-"], ["--html -", "file"]),
    (["--json", "/tmp/same", "--csv", "/tmp/same"], ["--csv /tmp/same", "--json writes it too"]),
    (["-c"], ["--connections", "needs a value"]),
    (["-c", "1", "-c", "2"], ["--connections is there 2 times"]),
    (["--quiet=yes"], ["--quiet", "no value"]),
    (["http://127.0.0.1:1/"], ["two URLs"]),
]
WITHOUT_URL = [
    ([], ["no URL"]),
    (["https://127.0.0.1/"], ["https://127.0.0.1/", "TLS is not available in this version"]),
    (["ftp://127.0.0.1/"], ["scheme"]),
    (["127.0.0.1:80"], ["no scheme", "http://127.0.0.1:80"]),
    (["http://"], ["no host"]),
    (["http://127.0.0.1:99999/"], ["port"]),
    (["http://[::1/"], ["host"]),
    (["http://nobody.invalid/"], ["nobody.invalid", "resolved"]),
    (["http://127.0.0.1/a b"], ["path", "%20"]),
]


def refuse(words, wanted):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=60, check=False)
    equal(done.returncode, 1, f"exit status of {words}: {done.stderr}")
    equal(done.stdout, "", f"standard output of {words}")
    equal(done.stderr.count("\n"), 1, f"lines of {words}: {done.stderr}")
    begin = wanted[0] if wanted[0].startswith("/") else "ringload: "  # of a file: its path, as a compiler would
    check(done.stderr.startswith(begin), f"it begins with {begin}: {done.stderr}")
    for part in wanted:
        check(part in done.stderr, f"{words}: {part!r} is not in {done.stderr}")


def every_error_of_a_mix(url):
    with TemporaryFolder() as folder:
        path = folder.file("mix.toml", '[[request]]\npaht = "/"\nweight = 0\n[[request]]\nmethod = "G T"\n')
        done = subprocess.run([BINARY, url, "--mix", path], capture_output=True, text=True, timeout=60, check=False)
        equal(done.returncode, 1, "exit status")
        lines = done.stderr.splitlines()
        check(any(line.startswith(f"{path}:2:") and '`path`' in line for line in lines), f"nearest key: {lines}")
        check(any(line.startswith(f"{path}:3:") for line in lines), f"weight: {lines}")
        check(any(line.startswith(f"{path}:5:") for line in lines), f"method: {lines}")


def test():
    with Origin() as origin:
        url = f"http://{origin.address}/"
        for words, wanted in WITH_URL:
            refuse([url, *words], wanted)
        for words, wanted in WITHOUT_URL:
            refuse(words, wanted)
        every_error_of_a_mix(url)
        equal(len(origin.connections), 0, "connections that were opened meanwhile")


if __name__ == "__main__":
    main(test)
