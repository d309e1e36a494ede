"""-d is how long requests are made; what is made before it to warm up is not counted, nor are its bytes."""

from loading import Timed, check, equal, main, ringload, SLOW


def test():
    with Timed() as origin:
        done = ringload(origin, "-d", "1s", "--warm-up", "500ms", "-c", 4, records=True)
        equal(done["measured_s"], 1, "measured_s")
        check(1.5 <= done.seconds < 2.5 * SLOW, f"the run took {done.seconds:.2f} s")
        span = origin.arrivals[-1] - origin.arrivals[0]
        check(1.4 < span < 1.7 * SLOW, f"requests came for {span:.2f} s")
        warm_up = origin.count() - done["requests"]["due"]
        measured = sum(at >= origin.arrivals[0] + 0.5 for at in origin.arrivals)
        check(warm_up > 0, "nothing was made to warm up")
        due = done["requests"]["due"]
        check(abs(due - measured) < 0.15 * measured, f"due {due}, the server saw {measured} then")
        equal(len(done.records), due, "records")
        check(min(float(record["due_us"]) for record in done.records) >= 0, "a record is from the warm-up")
        check(max(float(record["due_us"]) for record in done.records) < 1e6, "a record is from after the end")
        check(abs(done["rate"] - due) <= 8, f"rate {done['rate']} of {due} in a second")
        answer = len(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        received = done["bytes"]["received"]
        check(abs(received - due * answer) <= 8 * answer, f"{received} bytes are not those of {due} answers")


if __name__ == "__main__":
    main(test)
