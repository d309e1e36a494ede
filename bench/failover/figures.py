"""From what the client and the watch wrote down to the figures of one round. Pure: records in, numbers out. Times are ns of
CLOCK_MONOTONIC, figures ms."""

import struct
from collections import namedtuple
from statistics import median

RECORD = struct.Struct("<QqqqHBBI")  # open_loop.h
SIGHT = struct.Struct("<qQHB5x")  # watch.cc
Record = namedtuple("Record", "id intended begun done status failure origin connection")
Sight = namedtuple("Sight", "at id host kind")
FAILURES = ["", "refused", "reset", "cut", "timed out", "malformed"]
CONNECT, REQUEST, END = range(3)

MS = 1_000_000
NORMAL_MS = 2  # beyond the median and a round trip, a request counts as slower than normal
LEFT_ALONE_MS = 250  # an origin that nothing was sent to for so long has been detected
SHARE_MS = 500  # time over which a share of the traffic is counted


def read(path, layout, kind):
    return [kind._make(values) for values in layout.iter_unpack(path.read_bytes())]


def is_error(record):
    return record.failure != 0 or record.status != 200


def latency_ms(record):
    return (record.done - record.intended) / MS


def quantile(numbers, q):
    """Nearest rank; numbers need not be sorted."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


def detected_at(tries, begin, end):
    """When the last of the tries before the first pause of LEFT_ALONE_MS was made; None when there is no such pause."""
    last = begin
    for at in [*tries, end]:
        if at - last >= LEFT_ALONE_MS * MS:
            return last
        last = max(last, at)
    return None


def halved_at(tries, begin, end, fair_per_ms):
    """When the traffic fell to half of its fair share over the next SHARE_MS; None when it did not."""
    for at in range(begin, end - SHARE_MS * MS, 10 * MS):
        if sum(at <= t < at + SHARE_MS * MS for t in tries) <= fair_per_ms * SHARE_MS / 2:
            return at
    return None


def sent_while_cooling(requests, begin, end, retry_after_ms, answer_ms):
    """Requests sent to an origin after it had said, in an answer that takes answer_ms, to be left alone until later."""
    sent, known, until = 0, None, None
    for at in requests:
        if not begin <= at < end:
            continue
        if until is None or at >= until:
            known, until = at + answer_ms * MS, at + retry_after_ms * MS
        elif at >= known:
            sent += 1
    return sent


def taken_back_at(records, origin, back, end, fair_per_ms):
    """When the origin began to answer half of its fair share again; None when it did not."""
    answered = sorted(r.done for r in records if r.done >= back and r.origin == origin and not is_error(r))
    for index, at in enumerate(answered):
        if at + SHARE_MS * MS > end:
            return None
        within = sum(t < at + SHARE_MS * MS for t in answered[index:])
        if within >= fair_per_ms * SHARE_MS / 2:
            return at
    return None


def of_phase(phase, base_ms, normal_ms):
    """What clients saw in a phase."""
    latencies = [latency_ms(r) for r in phase]
    errors = [r for r in phase if is_error(r)]
    kinds = sorted({FAILURES[r.failure] or str(r.status) for r in errors})
    return {
        "requests": len(phase), "errors": len(errors), "error_kinds": kinds,
        "slow": sum(not is_error(r) and latency_ms(r) > normal_ms for r in phase),
        "worst_added_ms": max(latencies, default=base_ms) - base_ms,
    }


def of_round(records, sights, moments, settings):
    """moments: load, warm, fault, back, end. settings: origin (index), hosts, rate, round_trip_ms, latency_ms,
    retry_after_ms (of 429) or None. sights: None when nobody watched."""
    fault, back, end = moments["fault"], moments["back"], moments["end"]
    calm = [r for r in records if moments["warm"] <= r.intended and r.done <= fault]
    good = [latency_ms(r) for r in calm if not is_error(r)]
    base = median(good) if good else 0.0
    normal = base + settings["round_trip_ms"] + NORMAL_MS
    hit = [r for r in records if r.done > fault and r.intended < back]
    returned = [r for r in records if back <= r.intended < end]
    fair_per_ms = settings["rate"] / 1000 / len(settings["hosts"])
    # the machine's own doing: the client began a request late
    late = max(((r.begun - r.intended) / MS for r in records), default=0.0)
    found = {
        "base_ms": base, "p99_before_ms": quantile(good, 0.99), "noise_ms": max(max(good, default=base) - base, late),
        "errors_before": sum(map(is_error, calm)), "fault": of_phase(hit, base, normal),
        "back": of_phase(returned, base, normal),
        "latencies_ms": [round(latency_ms(r), 3) for r in hit + returned],
        "late_ms": late,
    }
    bad = [r.intended for r in hit + returned if is_error(r) or latency_ms(r) > normal + 50]
    found["recover_ms"] = max((max(bad) - fault) / MS, 0.0) if bad else 0.0
    at = taken_back_at(records, settings["origin"], back, end, fair_per_ms)
    found["take_back_ms"] = None if at is None else (at - back) / MS
    if sights is None:
        return found

    of_origin = [s for s in sights if s.host == settings["hosts"][settings["origin"]]]
    ends = [s.at for s in of_origin if s.kind == END and s.at >= fault]
    found["shown_ms"] = (min(ends) - fault) / MS if ends else None
    tries = sorted(s.at for s in of_origin if s.kind != END and s.at >= fault)
    during = [t for t in tries if t < back]
    detected = detected_at(during, fault, back)
    found["detect_ms"] = None if detected is None else (detected - fault) / MS
    found["tries"] = len(during)
    found["tries_after"] = len(during) if detected is None else sum(t > detected for t in during)
    halved = halved_at(during, fault, back, fair_per_ms)
    found["halved_ms"] = None if halved is None else (halved - fault) / MS
    if settings["retry_after_ms"] is not None:
        requests = sorted(s.at for s in of_origin if s.kind == REQUEST)
        # a request that was at the origin when the fault came is answered with 429 as well
        first = fault - int(settings["latency_ms"] * MS)
        answer_ms = settings["round_trip_ms"] + settings["latency_ms"] + NORMAL_MS
        found["sent_cooling"] = sent_while_cooling(requests, first, back, settings["retry_after_ms"], int(answer_ms))
    return found
