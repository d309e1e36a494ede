"""From the figures of rounds, as ringload has them, to tables. Pure: numbers in, Markdown out. Of each figure the worst of all rounds stands first and
its median in brackets; a mean alone is nowhere."""

from math import ceil
from statistics import mean, median

from peers import NAMES

OVERDUE_MIN_MS = 50  # pool.suspicion: a request is overdue at 3 x its upstream's p99, and never sooner than this
OVERDUE_FACTOR = 3


def quantile(numbers, q):
    """Nearest rank; numbers need not be sorted."""
    ordered = sorted(numbers)
    return ordered[max(1, ceil(q * len(ordered))) - 1] if ordered else 0.0


def watched(rounds):
    return rounds[0]["sent_after"] is not None


def row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def header(cells):
    return [row(cells), row(["---"] * len(cells))]


def worst(numbers, digits=0):
    """`worst (median)`; None among the numbers means that it never happened, which is worse than any."""
    if not numbers:
        return "-"
    known = [number for number in numbers if number is not None]
    missing = len(numbers) - len(known)
    if not known:
        return "never"
    text = f"{max(known):.{digits}f}" if not missing else f"never {missing}x"
    middle = median(known) if not missing else sorted(known + [None] * missing, key=lambda n: (n is None, n))[len(numbers) // 2]
    return text if len(numbers) == 1 else f"{text} ({'never' if middle is None else f'{middle:.{digits}f}'})"


def errors(rounds, when=""):
    """when: "" while it lasts, "_on_return" afterwards."""
    kinds = sorted({kind for figures in rounds for kind in figures["error_kinds" + when]})
    return worst([figures["errors" + when] for figures in rounds]) + (f": {', '.join(kinds)}" if kinds else "")


def expected(case, rounds, round_trip_ms):
    """What must hold of ringway: (sentence, whether it does)."""
    none = max(figures["errors"] for figures in rounds)
    found = [(f"0 errors ({none})", none == 0)]
    if case in "ab":
        # (a): from when it shows: a killed process ends its connections some milliseconds later
        over = [(figures["worst_added_ms"], round_trip_ms + 2 + shown_ms(case, figures)) for figures in rounds]
        value, bound = max(over, key=lambda pair: pair[0] - pair[1])
        found.append((f"added <= {bound:.1f} ms, a round trip + 2 ms from when it shows ({value:.1f})", value <= bound))
    if case in "cd":
        over = [(figures["worst_added_ms"], overdue_ms(figures) + round_trip_ms + 5) for figures in rounds]
        value, bound = max(over, key=lambda pair: pair[0] - pair[1])
        found.append((f"added <= overdue + round trip + 5 ms = {bound:.0f} ms ({value:.1f})", value <= bound))
        if watched(rounds):
            after = max(figures["sent_after"] for figures in rounds)
            found.append((f"avoided from then on ({after} sent)", after == 0))
    if case == "f" and watched(rounds):
        sent = max(figures["sent_cooling"] for figures in rounds)
        found.append((f"0 sent while cooling ({sent})", sent == 0))
    if case == "g" and watched(rounds):
        left_out = all(figures["halved_ms"] is not None or figures["detected_ms"] is not None for figures in rounds)
        found.append(("ejected or down-weighted", left_out))
    return found


def shown_ms(case, figures):
    """How long after the fault the origin's first FIN or RST was on the wire."""
    return (figures["shown_ms"] or 0.0) if case == "a" else 0.0


def overdue_ms(figures):
    """When a request is overdue: as ringway says, else from what clients saw before the fault, which is what upstreams took
    and a little more."""
    return figures["overdue_ms"] or max(OVERDUE_MIN_MS, OVERDUE_FACTOR * figures["p99_before_ms"])


def detection(case, rounds):
    key = "halved_ms" if case == "g" else "detected_ms"
    return worst([figures[key] for figures in rounds]) if watched(rounds) else "-"


def told(rounds):
    """What ringway's own events say; nothing of any round: nobody asked, as of other proxies."""
    moments = [figures["told_ms"] for figures in rounds]
    return worst(moments) if any(moment is not None for moment in moments) else "-"


def case_rows(case, by_proxy):
    rows = []
    for name, rounds in by_proxy.items():
        sent = [figures["sent_cooling" if case.key == "f" else "sent_after"] for figures in rounds if watched(rounds)]
        cells = [f"({case.key}) {case.title}", NAMES[name], errors(rounds),
                 worst([figures["slow"] for figures in rounds]),
                 worst([figures["worst_added_ms"] for figures in rounds], 1),
                 worst([figures["noise_ms"] for figures in rounds], 1),
                 detection(case.key, rounds), told(rounds), worst(sent),
                 worst([figures["taken_back_ms"] for figures in rounds]), errors(rounds, "_on_return"),
                 worst([figures["worst_added_on_return_ms"] for figures in rounds], 1)]
        rows.append(row(cells))
    return rows


def fault_table(cases, results, delay_ms):
    title = f"Wire of {delay_ms:g} ms one way (round trip {2 * delay_ms:g} ms)" if delay_ms else "No wire (loopback)"
    lines = [f"### {title}", ""]
    lines += header(["case", "proxy", "errors", "slow requests", "added ms", "noise ms", "detected ms", "told ms",
                     "sent after", "taken back ms", "errors on return", "added on return ms"])
    for case in cases:
        lines += case_rows(case, results[case.key])
    return lines


def expectation_table(cases, results, round_trip_ms):
    lines = []
    for case in cases:
        rounds = results[case.key].get("ringway")
        for sentence, holds in expected(case.key, rounds, round_trip_ms) if rounds else []:
            lines.append(row([f"({case.key}) {case.name}", sentence, "met" if holds else "**missed**"]))
    return ["", "Expected of ringway, in the worst round:", "", *header(["case", "expected (found)", ""]), *lines] if lines else []


def on_off_table(cases, results):
    """All requests from the fault on, of all cases and rounds."""
    lines = []
    for name, title in (("ringway-off", "off"), ("ringway", "on")):
        rounds = [figures for case in cases for figures in results[case.key].get(name, [])]
        if not rounds:
            return []
        latencies = [ms for figures in rounds for ms in figures["latencies_ms"]]
        requests = sum(figures["requests"] + figures["requests_on_return"] for figures in rounds)
        failed = sum(figures["errors"] + figures["errors_on_return"] for figures in rounds)
        lines.append(row([title, f"{mean(latencies):.1f}", f"{quantile(latencies, 0.99):.1f}", f"{100 * failed / requests:.2f} %",
                          worst([figures["recovered_ms"] for figures in rounds])]))
    return ["", "Health off (no checks, suspicion, breaker, outlier ejection, retries, hedges, queue) and on, all cases together, from the "
            "fault to the end of the round. Off, it lasts until somebody repairs the origin, which happens here at a fixed time.", "",
            *header(["health", "mean ms", "p99 ms", "errors", "time to recover ms, worst (median)"]), *lines]


EXPLANATION = """
Each figure: the worst of all rounds (the median of the rounds). Errors: requests without a whole good answer. Slow: answered
later than the median before the fault + one round trip + 2 ms. Added: the worst latency, from the intended time, over the median
before the fault. Noise: the same before the fault, or how late the client itself was at any time, which is the machine's doing.
Detected: from the fault to the last request or connect that the origin was tried with before it was left alone for 250 ms; in (g),
until its traffic fell to half of its share. Told: until ringway's own events say that it is out. Sent after: requests and
connects to the origin between detection and its return (health checks go to a port of their own and are not counted); in (f),
requests sent before Retry-After was over. Taken back: from the return until the origin answers half of its share again."""


def markdown(reported, cases):
    lines = ["## bench/failover", ""]
    lines += [f"- {key}: {value}" for key, value in reported["machine"].items()]
    lines += [EXPLANATION, ""]
    for wire in reported["wires"]:
        lines += fault_table(cases, wire["results"], wire["delay_ms"])
        lines += expectation_table(cases, wire["results"], 2 * wire["delay_ms"])
        lines += [*on_off_table(cases, wire["results"]), ""]
    return "\n".join(lines) + "\n"
