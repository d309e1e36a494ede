#!/usr/bin/env python3
"""Looks at ringload's HTML page in a headless Chromium: what is drawn and written is what the JSON in the page says.
usage: ringload_page.py RINGLOAD_PAGES RINGLOAD SCENARIO [TEST...]; RINGLOAD_PAGES is the program that writes the pages of made-up
results, RINGLOAD runs SCENARIO for a real one"""

import copy
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from chromium import Chromium
from page import SECONDS, UNITS, Pages, axis, check_line, contrast, count, measured, ms, near, rate, value_at

DISTRIBUTION = ["p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p99.9_ms", "p99.99_ms", "max_ms"]
TIME_PLOTS = ["latency", "rate", "errors"]
LATENCY_LINES = {"p50": "p50_ms", "p90": "p90_ms", "p99": "p99_ms", "max": "max_ms"}


def percentile_curves_go_through_every_point_of_the_result(pages):
    result = pages.result("whole")
    pages.open("whole")
    for scale in ("linear", "log"):
        figure = pages.choose("percentiles", scale)
        ticks = axis(figure["y"], "y", UNITS)
        assert figure["legend"] and figure["title"][0]["text"] == "percentile"
        for name, member in (("corrected", "latency"), ("uncorrected", "uncorrected")):
            curve = result[member]["curve"]
            check_line(figure["lines"][name]["points"], [value for _, value in curve], ticks, scale == "log", name)


def the_percentile_axis_gives_each_nine_the_same_room(pages):
    figure = pages.open("whole")["figures"]["percentiles"]
    assert [tick["text"] for tick in figure["x"]] == ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"]
    places = [tick["x"] for tick in figure["x"][:-1]]
    steps = [b - a for a, b in zip(places, places[1:])]
    assert max(steps) - min(steps) <= 2, steps
    curve = pages.result("whole")["latency"]["curve"]
    for (x, _), (percentile, _) in zip(figure["lines"]["corrected"]["points"], curve):
        if percentile < 99.99:
            assert near(x, places[0] - math.log10(1 - percentile / 100) * steps[0], 0, 4), (x, percentile)


def lines_over_time_go_through_every_sample(pages):
    result = pages.result("whole")
    seen = pages.open("whole")
    rates = seen["figures"]["rate"]
    ticks = axis(rates["y"], "y", UNITS)
    for name, member in (("answered", "rate"), ("offered", "offered")):
        check_line(rates["lines"][name]["points"], [sample[member] for sample in result["series"]], ticks, False, name)
    for scale in ("linear", "log"):
        figure = pages.choose("latency", scale)
        ticks = axis(figure["y"], "y", UNITS)
        for name, member in LATENCY_LINES.items():
            expected = [sample[member] for sample in result["series"]]
            check_line(figure["lines"][name]["points"], expected, ticks, scale == "log", name)


def plots_over_time_share_one_axis(pages):
    result = pages.result("whole")
    figures = [pages.open("whole")["figures"][name] for name in TIME_PLOTS]
    times = [axis(figure["x"], "x", SECONDS) for figure in figures]
    assert times[0] == times[1] == times[2]
    assert [value for _, value in times[0]] == [0, 5, 10, 15, 20, 25, 30], times[0]
    assert figures[-1]["title"][0]["text"] == "time since the measurement began"
    for (x, _), sample in zip(figures[0]["lines"]["p50"]["points"], result["series"]):
        middle = sample["at_s"] - sample["length_s"] / 2
        assert near(value_at(times[0], x + 0.5), middle, 0, 0.05), (x, middle)


def bars_are_as_high_as_the_errors(pages):
    samples = [sample for sample in pages.result("whole")["series"] if sample["errors"] > 0]
    figure = pages.open("whole")["figures"]["errors"]
    ticks = axis(figure["y"], "y", UNITS)
    times = axis(figure["x"], "x", SECONDS)
    assert len(figure["bars"]) == len(samples) > 0
    for bar, sample in zip(figure["bars"], samples):
        assert near(value_at(ticks, bar["y"] + 4), sample["errors"], 0, 0.5), (bar, sample)
        assert near(value_at(times, bar["x"] + bar["width"]), sample["at_s"], 0, 0.05), (bar, sample)


def ticks_stand_at_round_values_and_never_overlap(pages):
    for name in ("whole", "closed", "search", "one", "thousands"):
        for width in (1200, 400):
            for plot, figure in pages.open(name, width=width)["figures"].items():
                for tick in figure["y"]:
                    digits = tick["text"].split("\u00a0")[0].replace("\u202f", "").rstrip("/s µmkM").strip("0.")
                    assert len(digits.replace(".", "").strip("0")) <= 2, (name, plot, tick["text"])
                for a, b in zip(figure["x"], figure["x"][1:]):
                    assert a["box"][2] + 2 < b["box"][0], (name, width, plot, a["text"], b["text"])
                for a, b in zip(figure["y"], figure["y"][1:]):
                    assert b["box"][3] <= a["box"][1] + 1, (name, width, plot, a["text"], b["text"])


def marks_stand_at_their_time_in_all_plots_over_time(pages):
    result = pages.result("whole")
    for width in (1200, 400):
        seen = pages.open("whole", width=width)
        for name in TIME_PLOTS:
            figure = seen["figures"][name]
            times = axis(figure["x"], "x", SECONDS)
            assert [mark["text"] for mark in figure["marks"]] == [mark["text"] for mark in result["marks"]]
            assert sorted(text["text"] for text in figure["markTexts"]) == sorted(m["text"] for m in result["marks"])
            for drawn, mark in zip(figure["marks"], result["marks"]):
                assert near(value_at(times, drawn["x"]), mark["at_s"], 0, 0.15), (drawn, mark)
            for i, a in enumerate(figure["markTexts"]):
                assert figure["box"][0] <= a["box"][0] and a["box"][2] <= figure["box"][2] + 1, a
                for b in figure["markTexts"][i + 1 :]:
                    (left, top, right, bottom), other = a["box"], b["box"]
                    apart = right <= other[0] or other[2] <= left or bottom <= other[1] + 3 or other[3] <= top + 3
                    assert apart, (width, a["text"], b["text"])
            assert figure["bands"] == len(result["faults"])
        rows = [row[1] for row in seen["tables"]["marks"]["rows"]]
        assert rows == [mark["text"] for mark in result["marks"]]


def distribution_cells(distribution):
    return [count(distribution["count"]), ms(distribution["mean_ms"]), *(ms(distribution[key]) for key in DISTRIBUTION)]


def tables_say_what_the_result_says(pages):
    result = pages.result("whole")
    tables = pages.open("whole")["tables"]
    members = ["latency", "uncorrected", "connect", "first_byte", "lag", "slow_clients"]
    assert [row[1:] for row in tables["phases"]["rows"]] == [distribution_cells(result[key]) for key in members]
    assert tables["statuses"]["rows"] == [[key, *distribution_cells(of)] for key, of in result["status"].items()]
    kinds = [[kind["name"], count(kind["failed"]), *distribution_cells(kind["latency"])] for kind in result["kinds"]]
    assert tables["kinds"]["rows"] == kinds
    failures = {row[0].replace(" ", "_"): row[1] for row in tables["failures"]["rows"]}
    assert failures == {name: count(number) for name, number in result["failures"].items() if number > 0}
    requests = {row[0].split()[0]: row[1] for row in tables["requests"]["rows"]}
    expected = {key: count(value) for key, value in result["requests"].items() if value > 0}
    assert requests == expected, (requests, expected)
    cpu = {row[0].removeprefix("process "): row[2] for row in tables["cpu"]["rows"]}
    use = result["cpu"]["watched"][0]
    own = result["cpu"]["ringload_us_per_request"]
    core = result["cpu"]["core"]
    of_core = ms(1000 * core["busy_s"] / result["requests"]["answered"])
    expected = {"ringload": ms(own / 1000), str(use["pid"]): ms(use["us_per_request"] / 1000)}
    expected[f"all on CPU {core['cpu']}"] = of_core
    assert cpu == expected, (cpu, expected)


def steps_and_the_search_are_tabled(pages):
    result = pages.result("search")
    tables = pages.open("search")["tables"]
    for row, step in zip(tables["steps"]["rows"], result["steps"], strict=True):
        times = [ms(step[key]) for key in ("p50_ms", "p99_ms", "p99.9_ms", "max_ms")]
        assert row[0] == rate(step["rate"]) and row[2] == rate(step["answered_rate"]), row
        assert row[4:] == [*times, "met" if step["met"] else "not met"], row
    found = [row[1] for row in tables["find-max"]["rows"]]
    assert found == ["p99<5ms", rate(3000), rate(4000)], found


def faults_stand_side_by_side(pages):
    result = pages.result("whole")
    table = pages.open("whole")["tables"]["faults"]
    assert table["heads"][1:] == [f"{fault['kind']} {fault['origin']}" for fault in result["faults"]]
    rows = {row[0]: row[1:] for row in table["rows"]}
    for label, member in (
        ("normal latency (median before)", "normal_ms"),
        ("worst latency added", "worst_added_ms"),
        ("the same before it (noise)", "noise_ms"),
        ("detected after", "detected_ms"),
        ("event by ringway after", "told_ms"),
        ("traffic halved after", "halved_ms"),
        ("last error or late answer after", "recovered_ms"),
        ("taken back, after its return", "taken_back_ms"),
        ("worst latency added on return", "worst_added_on_return_ms"),
    ):
        assert rows[label] == [ms(fault[member]) for fault in result["faults"]], label
    for label, member in (
        ("requests meanwhile", "requests"),
        ("errors", "errors"),
        ("answered late", "slow"),
        ("tries between detection and return", "sent_after"),
        ("errors on return", "errors_on_return"),
    ):
        assert rows[label] == [count(fault[member]) for fault in result["faults"]], label
    assert rows["what errors"] == ["reset, 503", "–"], rows["what errors"]
    assert "held overdue before it for" not in rows  # neither fault has it


def the_headline_says_what_the_result_says(pages):
    result = pages.result("whole")
    seen = pages.open("whole")
    headline = {name: value for name, (value, _) in seen["headline"].items()}
    quantiles = {key: ms(result["latency"][f"{key}_ms"]) for key in ("p50", "p99", "p99.9", "max")}
    errors = count(result["requests"]["errors"])
    assert headline == {"answered": rate(result["rate"]), "errors": errors, **quantiles}, headline
    assert seen["headline"]["p99"][1] == f"uncorrected {ms(result['uncorrected']['p99_ms'])}"
    assert seen["heading"] == result["url"] and seen["title"] == f"ringload {result['url']}"
    facts = ["open loop, Poisson arrivals", "64 connections", "30 s measured", "after 2 s of warm-up"]
    for fact in (*facts, "2026-09-21 14:13:20 UTC"):
        assert fact in seen["facts"], (fact, seen["facts"])


def failed_assertions_stand_out(pages):
    outcomes = pages.result("whole")["assertions"]
    seen = pages.open("whole")
    table = seen["tables"]["assertions"]
    assert table["bad"] == [not outcome["holds"] for outcome in outcomes]
    assert [row[1][2:] for row in table["rows"]] == ["holds" if each["holds"] else "fails" for each in outcomes]
    assert [row[2] for row in table["rows"]] == [each["found"] for each in outcomes]
    assert seen["warnings"] == ["2 of 3 assertions fail."], seen["warnings"]


def a_closed_loop_shows_one_latency(pages):
    seen = pages.open("closed")
    assert list(seen["figures"]["percentiles"]["lines"]) == ["latency"]
    assert list(seen["figures"]["rate"]["lines"]) == ["answered"]
    assert "no schedule to be late against" in seen["text"]
    assert any("interrupted" in warning for warning in seen["warnings"])
    assert any("busy 99 %" in warning for warning in seen["warnings"])


def thousands_of_samples_are_thinned_without_losing_the_worst(pages):
    result = pages.result("thousands")
    figures = pages.open("thousands")["figures"]
    points = figures["latency"]["lines"]["max"]["points"]
    assert len(result["series"]) == 7000 and len(points) == math.ceil(7000 / 12), len(points)
    ticks = axis(figures["latency"]["y"], "y", UNITS)
    top = min(points, key=lambda point: point[1])
    assert near(value_at(ticks, top[1] + 4, True), 9000, 0.03), value_at(ticks, top[1] + 4, True)
    times = axis(figures["errors"]["x"], "x", SECONDS)
    assert len(figures["errors"]["bars"]) == 1
    assert near(value_at(times, figures["errors"]["bars"][0]["x"]), 4321, 0, 20)


def one_sample_is_a_dot(pages):
    figures = pages.open("one")["figures"]
    assert all(line["dots"] == 1 for line in figures["latency"]["lines"].values()), figures["latency"]["lines"]
    assert figures["rate"]["lines"]["answered"]["dots"] == 1
    assert figures["errors"]["nothing"] == ["No errors."]


def intervals_without_answers_are_gaps(pages):
    result = pages.result("whole")
    for sample in result["series"][10:15] + result["series"][20:21]:
        sample.update(rate=0, answered=0, p50_ms=0, p90_ms=0, p99_ms=0, max_ms=0)
    pages.with_result("gaps", json.dumps(result))
    figures = pages.open("gaps")["figures"]
    line = figures["latency"]["lines"]["p99"]
    assert len(line["points"]) == 54 and line["gaps"] == 2, line
    assert len(figures["rate"]["lines"]["answered"]["points"]) == 60  # none answered is a rate, not a gap


def an_empty_result_says_so(pages):
    seen = pages.open("empty")
    assert seen["figures"]["percentiles"]["nothing"] == ["No latency was measured."]
    assert all(seen["figures"][name]["nothing"] == ["No interval was measured."] for name in TIME_PLOTS)
    assert seen["headline"]["p99"] == ["–", ""] and seen["headline"]["errors"][0] == "0"


def members_may_be_missing_or_of_any_type(pages):
    whole = pages.result("whole")
    variants = [{}, [], None, 7, {name: None for name in whole}]
    variants += [{name: wrong for name in whole} for wrong in ("text", -1, True, [], [None, 1, "x", []], {}, [{}])]
    variants += [{key: value for key, value in whole.items() if key != name} for name in whole]
    hollow = copy.deepcopy(whole)
    for name in ("latency", "series", "marks", "faults", "steps", "assertions", "kinds", "cpu", "requests", "bytes"):
        value = hollow[name]
        hollow[name] = [{} for _ in value] if isinstance(value, list) else {}
    for i, variant in enumerate([*variants, hollow]):
        pages.with_result("variant", json.dumps(variant))
        seen = pages.open("variant")
        assert list(seen["figures"]) == ["percentiles", *TIME_PLOTS], (i, list(seen["figures"]))
        assert len(seen["headline"]) == 6, i


def a_broken_result_is_said_to_be_broken(pages):
    pages.with_result("broken", '{"url": "http://h/", "rate": ')
    seen = pages.open("broken")
    assert len(seen["warnings"]) == 1 and "cannot be read" in seen["warnings"][0], seen["warnings"]


def hostile_names_stay_text(pages):
    result = pages.result("hostile")
    assert "</script>" in result["url"] and "<img" in result["kinds"][0]["name"]
    tame, seen = pages.open("whole"), pages.open("hostile")
    assert seen["elements"] == tame["elements"], set(seen["elements"]) ^ set(tame["elements"])
    assert seen["scripts"] == tame["scripts"] == 2 and seen["title"] == f"ringload {result['url']}"
    assert seen["heading"] == result["url"]
    assert [row[0] for row in seen["tables"]["kinds"]["rows"]] == [kind["name"] for kind in result["kinds"]]
    assert [row[0] for row in seen["tables"]["assertions"]["rows"]] == [each["text"] for each in result["assertions"]]
    assert seen["tables"]["find-max"]["rows"][0][1] == result["find_max"]["bound"]
    assert [mark["text"] for mark in seen["figures"]["rate"]["marks"]] == [mark["text"] for mark in result["marks"]]
    assert seen["contentWidth"] <= seen["width"]
    assert pages.browser.run("document.getElementById('owned')") is None


def the_page_is_not_allowed_the_network(pages):
    pages.open("whole")
    refused = pages.browser.run("""new Promise((done) => {
        const refused = [];
        document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
        fetch('http://127.0.0.1:9/').catch(() => {});
        new Image().src = 'http://127.0.0.1:9/x.png';
        const script = document.createElement('script');
        script.textContent = "document.title = 'owned'";
        document.body.append(script);
        setTimeout(() => done([...refused.map((name) => name.split('-')[0]), document.title.split(' ')[0]]), 200);
    })""")
    assert sorted(refused[:-1]) == ["connect", "img", "script"] and refused[-1] == "ringload", refused


def pointing_shows_the_values_of_that_time(pages):
    browser = pages.browser
    result = pages.result("whole")
    seen = pages.open("whole")
    browser.run("document.querySelector('#rate').scrollIntoView()")
    for index in (0, 17, 59):
        figure = pages.see()["figures"]["rate"]
        x = figure["lines"]["answered"]["points"][index][0]
        browser.point(figure["box"][0] + x + 2, figure["box"][1] + 120)
        seen = pages.see()["figures"]
        lines = seen["rate"]["readout"].replace("\n\n", "\n").split("\n")
        shown = dict(zip(lines[1::2], lines[2::2]))
        sample = result["series"][index]
        expected = {name: ms(sample[key]) for name, key in LATENCY_LINES.items()}
        expected |= {"answered": rate(sample["rate"]), "offered": rate(sample["offered"])}
        expected |= {"errors": count(sample["errors"]), "in flight": count(sample["in_flight"])}
        assert shown == expected, (shown, expected)
        assert measured(lines[0].split(" to ")[1], SECONDS) == sample["at_s"], lines[0]
        assert [seen[name]["crosses"] for name in TIME_PLOTS] == [1, 1, 1]
        assert seen["latency"]["readout"] is None and len(seen["latency"]["dots"]) == 4
    browser.point(5, 5)
    seen = pages.see()["figures"]
    assert all(seen[name]["crosses"] == 0 and seen[name]["readout"] is None for name in TIME_PLOTS)


def pointing_at_a_percentile_shows_both_latencies(pages):
    browser = pages.browser
    result = pages.result("whole")
    figure = pages.open("whole")["figures"]["percentiles"]
    index = 40
    x = figure["lines"]["corrected"]["points"][index][0]
    browser.run("scrollTo(0, 200)")
    box = pages.see()["figures"]["percentiles"]["box"]
    browser.point(box[0] + x, box[1] + 50)
    lines = pages.see()["figures"]["percentiles"]["readout"].replace("\n\n", "\n").split("\n")
    percentile, value = result["latency"]["curve"][index]
    other = next(ns for at, ns in result["uncorrected"]["curve"] if at >= percentile - 1e-9)
    assert lines[1:] == ["corrected", ms(value), "uncorrected", ms(other)], lines
    assert near(float(lines[0].split()[0]), percentile, 0.001), lines


def arrow_keys_walk_along_the_samples(pages):
    pages.open("whole")
    pages.browser.run("document.querySelector('#errors .canvas > svg').focus()")
    for key, heading in (("ArrowRight", "0 ms to 500 ms"), ("ArrowRight", "500 ms to 1 s"), ("End", "29.5 s to 30 s")):
        pages.browser.press(key)
        assert pages.see()["figures"]["errors"]["readout"].startswith(heading), heading
    pages.browser.press("Escape")
    assert pages.see()["figures"]["errors"]["readout"] is None


def lines_differ_by_more_than_colour_and_are_seen_in_light_and_dark(pages):
    papers = set()
    for is_dark in (False, True):
        seen = pages.open("whole", is_dark=is_dark)
        papers.add(seen["paper"])
        assert contrast(seen["ink"], seen["paper"]) > 10
        for name in ("percentiles", "latency", "rate"):
            lines = seen["figures"][name]["lines"].values()
            assert len({line["dash"] for line in lines}) == len(lines) == len({line["colour"] for line in lines}), name
            assert all(contrast(line["colour"], seen["paper"]) >= 3 for line in lines), (name, is_dark)
    assert len(papers) == 2


def pages_fit_a_narrow_window_and_follow_its_width(pages):
    for name in ("whole", "hostile", "search", "thousands", "empty"):
        for width in (400, 700, 1200):
            seen = pages.open(name, width=width)
            assert seen["contentWidth"] <= seen["width"], (name, width, seen["contentWidth"])
    wide = pages.open("whole")["figures"]["rate"]["box"]
    pages.browser.call("Emulation.setDeviceMetricsOverride", width=600, height=900, deviceScaleFactor=1, mobile=False)
    pages.browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => 1)")
    narrow = pages.see()["figures"]["rate"]["box"]
    assert narrow[2] - narrow[0] < 600 < wide[2] - wide[0]
    assert near(narrow[3] - narrow[1], wide[3] - wide[1], 0.15), "drawn anew, not shrunk"


def print_is_light_and_without_controls(pages):
    pages.open("whole", is_dark=True)
    # listens after the page's own script did, so that it sees what that has drawn
    pages.browser.run("""addEventListener('beforeprint', () => {
        window.printed = document.querySelector('#rate .canvas > svg').viewBox.baseVal.width;
    })""")
    pages.browser.call("Page.printToPDF", printBackground=True)
    widths = pages.browser.run("[window.printed, document.querySelector('#rate .canvas > svg').viewBox.baseVal.width]")
    assert widths[0] == 700 and widths[1] > 1000, widths
    pages.browser.show_as("print", is_dark=True)
    assert contrast(pages.see()["paper"], "rgb(255, 255, 255)") < 1.05
    assert pages.browser.run("getComputedStyle(document.querySelector('.switch')).display") == "none"


def plots_and_tables_have_names_for_those_who_do_not_see_them(pages):
    for name in ("whole", "empty"):
        seen = pages.open(name)
        for figure in seen["figures"].values():
            assert figure["role"] == "img" and figure["label"].startswith(figure["heading"]), figure["label"]
        for id_, table in seen["tables"].items():
            assert table["caption"] and table["scopes"], id_
    result = pages.result("whole")
    label = pages.open("whole")["figures"]["percentiles"]["label"]
    assert f"p99.9 {ms(result['latency']['p99.9_ms'])}" in label, label


def a_real_run_is_drawn_with_its_faults(pages):
    command = [sys.argv[2], "scenario", sys.argv[3], "--quiet", "--html", pages.path("real"), "--json", pages.path("real.json")]
    quicker = ['load.duration = "4s"', "fault = [{ origin = 'b', kind = 'kill', at = '1s', until = '2s' }]"]
    for line in quicker:
        command += ["--set", line]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    result = pages.result("real")
    assert result == json.loads(pages.path("real.json").read_text(encoding="utf-8"))
    assert result["requests"]["answered"] > 1500, result["requests"]
    seen = pages.open("real")
    assert seen["headline"]["answered"][0] == rate(result["rate"]), seen["headline"]
    latency = seen["figures"]["latency"]
    assert len(latency["lines"]["p50"]["points"]) == sum(sample["answered"] > 0 for sample in result["series"])
    in_time = [s for s in result["series"] if s["at_s"] - s["length_s"] < result["measured_s"]]
    assert len(seen["figures"]["rate"]["lines"]["offered"]["points"]) == len(in_time), "rates end with the measured time"
    for name in TIME_PLOTS:
        marks = [mark["text"] for mark in seen["figures"][name]["marks"]]
        assert len(marks) == 2 and all("b" in text for text in marks), marks
        assert seen["figures"][name]["bands"] == 1
    faults = {row[0]: row[1] for row in seen["tables"]["faults"]["rows"]}
    assert faults["event by ringway after"] == ms(result["faults"][0]["told_ms"]), faults
    percentiles = seen["figures"]["percentiles"]["lines"]
    assert len(percentiles["corrected"]["points"]) > 10 and len(percentiles["uncorrected"]["points"]) > 10


TESTS = [
    percentile_curves_go_through_every_point_of_the_result,
    the_percentile_axis_gives_each_nine_the_same_room,
    lines_over_time_go_through_every_sample,
    plots_over_time_share_one_axis,
    bars_are_as_high_as_the_errors,
    ticks_stand_at_round_values_and_never_overlap,
    marks_stand_at_their_time_in_all_plots_over_time,
    tables_say_what_the_result_says,
    steps_and_the_search_are_tabled,
    faults_stand_side_by_side,
    the_headline_says_what_the_result_says,
    failed_assertions_stand_out,
    a_closed_loop_shows_one_latency,
    thousands_of_samples_are_thinned_without_losing_the_worst,
    one_sample_is_a_dot,
    intervals_without_answers_are_gaps,
    an_empty_result_says_so,
    members_may_be_missing_or_of_any_type,
    a_broken_result_is_said_to_be_broken,
    hostile_names_stay_text,
    the_page_is_not_allowed_the_network,
    pointing_shows_the_values_of_that_time,
    pointing_at_a_percentile_shows_both_latencies,
    arrow_keys_walk_along_the_samples,
    lines_differ_by_more_than_colour_and_are_seen_in_light_and_dark,
    pages_fit_a_narrow_window_and_follow_its_width,
    print_is_light_and_without_controls,
    plots_and_tables_have_names_for_those_who_do_not_see_them,
    a_real_run_is_drawn_with_its_faults,
]


def main():
    wanted = sys.argv[4:]
    tests = [test for test in TESTS if test.__name__ in wanted] if wanted else TESTS
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ringload-pages-") as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        with Chromium() as browser:
            pages = Pages(browser, Path(folder))
            for test in tests:
                try:
                    test(pages)
                except Exception as error:  # every failure of a test is reported, whatever it is
                    failed += 1
                    print(f"FAIL {test.__name__}: {type(error).__name__}: {str(error)[:600]}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
