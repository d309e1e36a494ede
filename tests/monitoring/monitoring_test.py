#!/usr/bin/env python3
"""The dashboard and the alert rules ask for metrics and labels that the program has, in a form that Prometheus takes."""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from findings import ROOT, judge, run  # noqa: E402

MONITORING = ROOT / "monitoring"
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
LABELS_OF_SCRAPES = {"instance", "job", "le"}


def families():
    """name -> labels, from the reference, which a unit test compares with the program."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", (ROOT / "docs/metrics.md").read_text(), re.M)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels in rows}


def of_dashboard():
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    found += [annotation["expr"] for annotation in dashboard["annotations"]["list"]]
    return [re.sub(r"\$__rate_interval", "5m", expression) for expression in found]


def of_rules():
    text = (MONITORING / "alerts.yml").read_text()
    blocks = re.findall(r"expr: (?:\|\n((?:\s{10,}.*\n)+)|(.+)\n)", text)
    return [block or plain for block, plain in blocks]


def check_names(expressions):
    known = families()
    wrong = []
    for expression in expressions:
        metrics = re.findall(r"\b((?:ringway|process)_\w+)(\{[^}]*\})?", expression)
        if not metrics:
            wrong.append(f"no metric in: {expression}")
        for metric, selector in metrics:
            base = next((metric.removesuffix(part) for part in HISTOGRAM_PARTS if metric.removesuffix(part) in known), metric)
            if base not in known:
                wrong.append(f"{metric} is no metric, in: {expression}")
                continue
            for label in re.findall(r"(\w+)\s*=", selector):
                if label not in known[base] | LABELS_OF_SCRAPES:
                    wrong.append(f"{metric} has no label {label}, in: {expression}")
        for label in ", ".join(re.findall(r"by \(([^)]*)\)", expression)).split(", "):
            if label and not any(label in known.get(m, set()) | LABELS_OF_SCRAPES for m in known if m in expression):
                wrong.append(f"no metric has the label {label}, in: {expression}")
    return wrong


def promtool(*arguments):
    done = run("promtool", *arguments, cwd=MONITORING)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def dashboard_names_what_there_is():
    return check_names(of_dashboard())


def rules_name_what_there_is():
    return check_names(of_rules())


def every_rule_is_found():
    text = (MONITORING / "alerts.yml").read_text()
    return [] if len(of_rules()) == text.count("- alert:") >= 10 else ["the test does not see every rule"]


def prometheus_takes_the_dashboards_expressions():
    """As recording rules, since promtool checks those."""
    rules = [{"record": f"panel:{index}", "expr": re.sub(r"\$\w+", "a", expression)}
             for index, expression in enumerate(of_dashboard())]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:  # JSON is YAML
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        return promtool("check", "rules", file.name)


def prometheus_takes_the_rules():
    return promtool("check", "rules", "alerts.yml")


def rules_fire_as_they_should():
    return promtool("test", "rules", "alerts_test.yml")


def panels_do_not_overlap():
    places = [(panel["title"], panel["gridPos"]) for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]]
    return [f"{a} lies on {b}" for i, (a, p) in enumerate(places) for b, q in places[i + 1 :]
            if p["x"] < q["x"] + q["w"] and q["x"] < p["x"] + p["w"] and p["y"] < q["y"] + q["h"] and q["y"] < p["y"] + p["h"]]


TESTS = [
    dashboard_names_what_there_is,
    rules_name_what_there_is,
    every_rule_is_found,
    panels_do_not_overlap,
    prometheus_takes_the_dashboards_expressions,
    prometheus_takes_the_rules,
    rules_fire_as_they_should,
]


def main():
    if shutil.which("promtool") is None:
        sys.exit("promtool is not installed; run tools/setup")
    return judge(TESTS)


if __name__ == "__main__":
    sys.exit(main())
