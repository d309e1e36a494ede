#!/usr/bin/env python3
"""Tests of the tables of bench/failover: made-up figures of rounds with a known verdict."""

import sys
from pathlib import Path

import report
from cases import CASES

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import own_tests


def a_round(**figures):
    standard = {
        "errors": 0, "error_kinds": [], "slow": 0, "worst_added_ms": 2.0, "noise_ms": 0.1, "detected_ms": 5.0, "halved_ms": 10.0,
        "sent_after": 0, "sent_cooling": None, "told_ms": 6.0, "overdue_ms": None, "shown_ms": 1.0, "p99_before_ms": 3.0,
        "taken_back_ms": 100.0, "errors_on_return": 0, "error_kinds_on_return": [], "worst_added_on_return_ms": 1.0,
        "recovered_ms": 0.0, "requests": 100, "requests_on_return": 100, "errors_before": 0, "latencies_ms": [2.0, 3.0],
    }
    return standard | figures


def the_worst_stands_before_the_median_and_never_is_worse_than_any():
    assert report.worst([1, 2, 9]) == "9 (2)"
    assert report.worst([1, None, 2]) == "never 1x (2)"
    assert report.worst([None, None]) == "never"
    assert report.worst([1, None, None]) == "never 2x (never)"
    assert report.worst([]) == "-"


def percentiles_are_of_the_nearest_rank():
    assert report.quantile(range(100, 0, -1), 0.99) == 99
    assert report.quantile([7], 0.99) == report.quantile([7], 0.5) == 7
    assert report.quantile([1, 2, 3, 4], 0.5) == 2
    assert report.quantile([], 0.99) == 0


def a_round_of_which_ringway_told_nothing_is_not_left_out():
    assert report.told([a_round(told_ms=6.0), a_round(told_ms=None), a_round(told_ms=8.0)]) == "never 1x (8)"
    assert report.told([a_round(told_ms=None)] * 2) == "-"


def expectations_are_judged_by_the_worst_round():
    good, bad = a_round(), a_round(worst_added_ms=30.0)
    assert all(holds for _, holds in report.expected("a", [good], 20))
    assert [holds for _, holds in report.expected("a", [good, bad], 20)] == [True, False]
    assert [holds for _, holds in report.expected("c", [good, bad], 20)][:2] == [True, True]
    failed = a_round(errors=1, error_kinds=["503"], sent_cooling=0)
    for key in "abcdefg":
        assert not report.expected(key, [a_round(sent_cooling=0), failed], 20)[0][1]


def a_killed_origin_counts_from_when_it_shows():
    late = a_round(worst_added_ms=30.0, shown_ms=9.0)
    assert [holds for _, holds in report.expected("a", [late], 20)] == [True, True]
    assert [holds for _, holds in report.expected("b", [late], 20)] == [True, False]


def overdue_is_what_ringway_says():
    slow = a_round(worst_added_ms=100.0)
    assert [holds for _, holds in report.expected("d", [slow], 20)] == [True, False, True]
    assert [holds for _, holds in report.expected("d", [slow | {"overdue_ms": 80.0}], 20)] == [True, True, True]


def what_is_sent_after_detection_or_while_cooling_is_missed():
    assert report.expected("c", [a_round(), a_round(sent_after=2)], 20)[-1] == ("avoided from then on (2 sent)", False)
    assert report.expected("f", [a_round(sent_cooling=1)], 20)[-1] == ("0 sent while cooling (1)", False)
    assert report.expected("g", [a_round(halved_ms=None, detected_ms=None)], 20)[-1] == ("ejected or down-weighted", False)


def nothing_is_expected_of_the_wire_when_nobody_watched():
    blind = a_round(sent_after=None, detected_ms=None, halved_ms=None, shown_ms=None)
    assert len(report.expected("c", [blind], 0)) == 2
    assert len(report.expected("g", [blind], 0)) == 1
    assert report.detection("c", [blind]) == "-"


def errors_are_shown_with_their_kinds():
    rounds = [a_round(errors=3, error_kinds=["502", "reset"]), a_round(errors=1, error_kinds=["503"])]
    assert report.errors(rounds) == "3 (2): 502, 503, reset"
    assert report.errors(rounds, "_on_return") == "0 (0)"


def health_off_and_on_are_all_cases_together():
    case = CASES[0]
    off = a_round(errors=50, recovered_ms=2500.0, latencies_ms=[10.0] * 10)
    lines = report.on_off_table([case], {case.key: {"ringway": [a_round()], "ringway-off": [off]}})
    assert lines[-2].startswith("| off | 10.0 | 10.0 | 25.00 % | 2500"), lines
    assert lines[-1].startswith("| on | 2.5 | 3.0 | 0.00 % | 0"), lines
    assert report.on_off_table([case], {case.key: {"ringway": [a_round()]}}) == []


def each_case_is_a_scenario_file():
    assert "".join(case.key for case in CASES) == "abcdefg"
    assert [case.key for case in CASES if case.needs_packets] == ["b", "d"]


TESTS = [test for name, test in list(globals().items()) if callable(test) and getattr(test, "__module__", "") == "__main__"
         and name != "a_round"]


if __name__ == "__main__":
    sys.exit(own_tests.run(TESTS))
