"""From the runs of bench/macro/compare to its tables. Pure: numbers in, Markdown out."""

from statistics import median

PEERS = ("nginx", "haproxy")
HEALTH_BUDGET = 1.03
NAMES = {"ringway": "ringway", "health-off": "ringway, health off", "older": "ringway, older", "bare": "bare relay", "nginx": "nginx", "haproxy": "HAProxy"}


def in_phase(runs, phase):
    return [run for run in runs if run["phase"] == phase]


def common_phase(results):
    """The phase in which the proxy with the fewest runs has the most: all numbers of a case belong to one phase."""
    phases = sorted({run["phase"] for runs in results.values() for run in runs})
    return max(phases, key=lambda phase: min(len(in_phase(runs, phase)) for runs in results.values()), default=None)


def values(runs, key):
    return [run[key] for run in runs]


def spread(numbers, digits=2):
    if not numbers:
        return "-"
    low, high = min(numbers), max(numbers)
    text = f"{median(numbers):.{digits}f}"
    return text if len(numbers) == 1 else f"{text} [{low:.{digits}f}..{high:.{digits}f}]"


def ratio(ours, theirs, key):
    """Ratio of the medians, and the lowest and highest ratio of runs that were neighbours."""
    if not ours or not theirs:
        return None
    below = median(values(theirs, key))
    if below == 0:
        return None
    by_round = {run["round"]: run[key] for run in theirs if run[key] > 0}
    pairs = [run[key] / by_round[run["round"]] for run in ours if run["round"] in by_round]
    whole = median(values(ours, key)) / below
    return {"ratio": whole, "low": min(pairs, default=whole), "high": max(pairs, default=whole)}


def judged(found, budget):
    if found is None:
        return "-"
    text = f"{found['ratio']:.2f} [{found['low']:.2f}..{found['high']:.2f}]"
    if budget is None:
        return text
    verdict = "met" if found["ratio"] <= budget else "**not met**"
    return f"{text}, budget {budget:.2f}: {verdict}"


def summarize(case, results):
    """One case: the runs of its phase, and ringway's ratios."""
    phase = common_phase(results)
    kept = {name: in_phase(runs, phase) for name, runs in results.items()}
    peers = [name for name in PEERS if kept.get(name)]
    best = min(peers, key=lambda name: median(values(kept[name], "process_us")), default=None)
    ours = kept.get("ringway", [])
    summary = {"case": case.name, "phase": phase, "best_peer": best, "runs": kept,
               "dropped": sum(len(runs) for runs in results.values()) - sum(len(runs) for runs in kept.values())}
    for key in ("process_us", "core_us"):
        summary[f"to_peer_{key}"] = ratio(ours, kept.get(best, []), key)
        summary[f"to_bare_{key}"] = ratio(ours, kept.get("bare", []), key)
        for other in ("health-off", "older"):
            summary[f"to_{other}_{key}"] = ratio(ours, kept.get(other, []), key)
    return summary


def row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def header(cells):
    return [row(cells), row(["---"] * len(cells))]


def cost_table(cases, summaries, proxies):
    lines = ["### CPU time of the proxy process per request, µs: median [min..max]", ""]
    lines += header(["case", *(NAMES[name] for name in proxies), "ringway / best peer", "ringway / bare relay"])
    for case, summary in zip(cases, summaries):
        costs = [spread(values(summary["runs"].get(name, []), "process_us")) for name in proxies]
        to_peer = judged(summary["to_peer_process_us"], case.to_peer)
        lines.append(row([case.title, *costs, to_peer, judged(summary["to_bare_process_us"], case.to_bare)]))
    return lines


def health_table(cases, summaries, proxies):
    """What health costs a request: the same binary without it, and an older binary that has none."""
    others = [name for name in ("health-off", "older") if name in proxies]
    if not others:
        return []
    lines = ["", "### What health costs: CPU time of the process per request, health on / other", ""]
    lines += header(["case", *(NAMES[name] for name in others)])
    for case, summary in zip(cases, summaries):
        lines.append(row([case.title, *(judged(summary[f"to_{name}_process_us"], HEALTH_BUDGET) for name in others)]))
    return lines


def core_table(cases, summaries, proxies):
    lines = ["", "### Busy time of the whole core per request, µs: median [min..max]", ""]
    lines += header(["case", *(NAMES[name] for name in proxies), "ringway / best peer", "ringway / bare relay"])
    for case, summary in zip(cases, summaries):
        costs = [spread(values(summary["runs"].get(name, []), "core_us")) for name in proxies]
        lines.append(row([case.title, *costs, judged(summary["to_peer_core_us"], None),
                          judged(summary["to_bare_core_us"], None)]))
    return lines


def speed_table(cases, summaries, proxies):
    lines = ["", "### Requests per second, latency, context switches (medians)", "",
             "Latency of the closed-loop cases is that of a saturated proxy; at a fixed rate it counts from the intended time.", ""]
    lines += header(["case", "proxy", "requests/s", "p50 µs", "p99 µs", "switches/request", "core busy", "errors", "runs", "ping-pong"])
    for case, summary in zip(cases, summaries):
        for name in proxies:
            runs = summary["runs"].get(name, [])
            if not runs:
                continue
            cells = [f"{median(values(runs, key)):.{digits}f}" for key, digits in
                     (("rps", 0), ("p50_us", 0), ("p99_us", 0), ("switches", 3), ("core_busy", 2))]
            late = case.rate and median(values(runs, "rps")) < 0.98 * case.rate
            title = case.title + (" (rate not reached)" if late else "")
            lines.append(row([title, NAMES[name], *cells, sum(values(runs, "errors")), len(runs), summary["phase"]]))
    return lines


def memory_table(memory):
    if not memory:
        return []
    lines = ["", "### User memory per idle client connection, bytes", ""]
    lines += header(["proxy", "connections", "anonymous", "private", ""])
    for name, found in memory.items():
        verdict = ""
        if name == "ringway":
            others = [memory[peer]["anonymous"] for peer in PEERS if peer in memory]
            good = found["anonymous"] <= 512 and all(found["anonymous"] <= other for other in others)
            verdict = "budget 512 and at most the peers': " + ("met" if good else "**not met**")
        lines.append(row([NAMES[name], found["connections"], f"{found['anonymous']:.0f}", f"{found['private']:.0f}", verdict]))
    return lines


def markdown(report, cases, proxies):
    lines = ["## bench/macro/compare", ""]
    lines += [f"- {key}: {value}" for key, value in report["machine"].items()]
    lines.append("")
    if report["summaries"]:
        for table in (cost_table, health_table, core_table, speed_table):
            lines += table(cases, report["summaries"], proxies)
    lines += memory_table(report["memory"])
    return "\n".join(lines) + "\n"
