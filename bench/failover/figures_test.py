#!/usr/bin/env python3
"""Tests of the figures of bench/failover: made-up records with a known answer."""

import sys

import figures
import report
from figures import MS, Record, Sight


def record(at_ms, took_ms=2, status=200, failure=0, origin=0):
    return Record(at_ms, at_ms * MS, at_ms * MS, int((at_ms + took_ms) * MS), status, failure, origin, 0)


def a_round(records, sights=(), **settings):
    moments = {"warm": 0, "fault": 1000 * MS, "back": 3000 * MS, "end": 5000 * MS}
    standard = {"origin": 1, "hosts": [11, 12, 13], "rate": 300, "round_trip_ms": 20, "latency_ms": 2, "retry_after_ms": None}
    return figures.of_round(list(records), list(sights), moments, standard | settings)


def tries(*at_ms, host=12, kind=1):
    return [Sight(int(at * MS), 0, host, kind) for at in at_ms]


def errors_are_failures_and_bad_statuses_of_requests_that_the_fault_met():
    found = a_round([record(at) for at in range(0, 5000, 10)] + [
        record(100, status=503), record(999, took_ms=5, status=0, failure=2), record(2000, status=502), record(3500, status=429)])
    assert found["errors_before"] == 1
    assert found["fault"]["errors"] == 2 and found["fault"]["error_kinds"] == ["502", "reset"], found["fault"]
    assert found["back"]["errors"] == 1 and found["back"]["error_kinds"] == ["429"]


def slow_is_later_than_the_median_and_a_round_trip_and_two_ms():
    found = a_round([record(at) for at in range(0, 1000, 10)] + [record(1500, took_ms=23.9), record(1600, took_ms=24.1)])
    assert found["base_ms"] == 2 and found["fault"]["slow"] == 1
    assert abs(found["fault"]["worst_added_ms"] - 22.1) < 0.001


def detected_when_left_alone_and_what_comes_later_is_counted():
    found = a_round([record(0)], tries(990, 1003, 1050, 1400, 2600) + tries(1100, host=11))
    assert found["detect_ms"] == 50 and found["tries_after"] == 2 and found["tries"] == 4, found


def never_detected_when_it_is_tried_all_the_time():
    found = a_round([record(0)], tries(*range(1000, 3000, 100)))
    assert found["detect_ms"] is None and found["tries_after"] == found["tries"] == 20


def detected_at_once_when_nothing_is_sent():
    assert a_round([record(0)], [])["detect_ms"] == 0


def halved_when_less_than_half_of_the_share_is_sent():
    busy = [1000 + 10 * n for n in range(30)]  # its share of 300/s is one in 10 ms
    found = a_round([record(0)], tries(*busy, *range(1300, 3000, 30)))
    assert 100 <= found["halved_ms"] <= 250, found["halved_ms"]
    assert a_round([record(0)], tries(*range(1000, 3000, 10)))["halved_ms"] is None


def requests_while_cooling_are_those_after_the_answer_was_known():
    # known 24 ms after the first; cooling until 1000 ms after it; connects are no requests
    found = a_round([record(0)], tries(1010, 1020, 1033, 1035, 1900, 2011, 2100) + tries(1500, kind=0), retry_after_ms=1000)
    assert found["sent_cooling"] == 3, found["sent_cooling"]  # 1035, 1900, and 2100 of the second cooling
    assert a_round([record(0)], tries(999, 1000, 1999.5, 3001), retry_after_ms=1000)["sent_cooling"] == 0


def taken_back_when_it_answers_half_of_its_share():
    few = [record(at, origin=1) for at in range(3100, 3600, 100)]
    many = [record(at, origin=1) for at in range(3700, 5000, 10)]
    found = a_round([record(0), *few, *many])
    assert 400 <= found["take_back_ms"] <= 702, found["take_back_ms"]
    assert a_round([record(0), *few])["take_back_ms"] is None


def recovery_ends_with_the_last_bad_request():
    found = a_round([record(at) for at in range(0, 1000, 10)] + [record(1200, status=503), record(1700, took_ms=80), record(1800)])
    assert found["recover_ms"] == 700
    assert a_round([record(at) for at in range(0, 5000, 10)])["recover_ms"] == 0


def the_worst_stands_before_the_median_and_never_is_worse_than_any():
    assert report.worst([1, 2, 9]) == "9 (2)"
    assert report.worst([1, None, 2]) == "never 1x (2)"
    assert report.worst([None, None]) == "never"
    assert report.worst([1, None, None]) == "never 2x (never)"


def expectations_are_judged_by_the_worst_round():
    good = a_round([record(at) for at in range(0, 5000, 10)])
    bad = a_round([record(at, took_ms=2 + 30 * (at == 1500)) for at in range(0, 5000, 10)])
    assert all(holds for _, holds in report.expected("a", [good], 20))
    assert [holds for _, holds in report.expected("a", [good, bad], 20)] == [True, False]
    assert [holds for _, holds in report.expected("c", [good, bad], 20)][:2] == [True, True]
    failed = a_round([record(at, status=503 if at == 1500 else 200) for at in range(0, 5000, 10)])
    for key in "abcdefg":
        assert not report.expected(key, [good, failed], 20)[0][1]


TESTS = [test for name, test in list(globals().items()) if callable(test) and getattr(test, "__module__", "") == "__main__"
         and name not in ("record", "a_round", "tries")]


def main():
    failed = 0
    for test in TESTS:
        try:
            test()
        except Exception as error:  # every failure is reported, whatever it is
            print(f"FAIL {test.__name__}: {type(error).__name__}: {str(error)[:300]}")
            failed += 1
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
