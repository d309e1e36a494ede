#include "scenario/figures.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace ringload {

namespace {

using Moments = std::vector<std::int64_t>;  // ns, sorted
using Phase = std::vector<const Record*>;

constexpr Duration kStep = std::chrono::milliseconds(10);  // between looks at a share

double to_ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }
double to_ms(Duration duration) { return to_ms(duration.count()); }

bool is_error(const Record& record) { return record.failure != Failure::none; }
double latency_ms(const Record& record) { return to_ms(record.done_ns - record.due_ns); }

/// It came to an end that is not the client's own doing.
bool is_ended(const Record& record) {
    return record.done_ns != 0 && !record.aborted && (record.status != 0 || is_error(record));
}

std::string kind_of(const Record& record) {
    if (record.failure == Failure::unexpected_status) return std::to_string(record.status);
    return std::string(name_of(record.failure));
}

/// Nearest rank; 0 of nothing.
double quantile(std::span<const double> sorted, double q) {
    if (sorted.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

/// The mean of the middle two of an even number.
double median(std::span<const double> sorted) {
    if (sorted.empty()) return 0;
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double count_between(const Moments& moments, std::int64_t begin, std::int64_t end) {
    return static_cast<double>(std::ranges::lower_bound(moments, end) -
                               std::ranges::lower_bound(moments, begin));
}

/// When the last of the tries before the first pause of kLeftAlone was made.
std::optional<std::int64_t> detected_at(const Moments& tries, std::int64_t begin,
                                        std::int64_t end) {
    std::int64_t last = begin;
    for (const std::int64_t at : tries) {
        if (at - last >= kLeftAlone.count()) return last;
        last = std::max(last, at);
    }
    return end - last >= kLeftAlone.count() ? std::optional(last) : std::nullopt;
}

/// When the traffic fell to half of its fair share over the next kShare.
std::optional<std::int64_t> halved_at(const Moments& tries, std::int64_t begin, std::int64_t end,
                                      double fair_in_share) {
    for (std::int64_t at = begin; at < end - kShare.count(); at += kStep.count()) {
        if (count_between(tries, at, at + kShare.count()) <= fair_in_share / 2) return at;
    }
    return {};
}

/// Requests sent to an origin after it had said, in an answer that takes `answer`, to be left alone
/// until later.
std::uint64_t sent_while_cooling(const Moments& requests, std::int64_t begin, std::int64_t end,
                                 Duration retry_after, Duration answer) {
    std::uint64_t sent = 0;
    std::optional<std::int64_t> known;
    std::int64_t until = 0;
    for (const std::int64_t at : requests) {
        if (at < begin || at >= end) continue;
        if (!known || at >= until) {
            known = at + answer.count();
            until = at + retry_after.count();
        } else if (at >= *known) {
            ++sent;
        }
    }
    return sent;
}

/// When the origin began to answer half of its fair share again.
std::optional<std::int64_t> taken_back_at(std::span<const Record> records, std::uint8_t origin,
                                          std::int64_t back, std::int64_t end,
                                          double fair_in_share) {
    Moments answered;
    for (const Record& record : records) {
        const bool is_its = is_ended(record) && !is_error(record) && record.origin == origin;
        if (is_its && record.done_ns >= back) answered.push_back(record.done_ns);
    }
    std::ranges::sort(answered);
    for (std::size_t i = 0; i < answered.size(); ++i) {
        const std::int64_t share_ends = answered[i] + kShare.count();
        if (share_ends > end) return {};
        const auto last = std::ranges::lower_bound(answered, share_ends);
        const auto within = last - (answered.begin() + static_cast<std::ptrdiff_t>(i));
        if (static_cast<double>(within) >= fair_in_share / 2) return answered[i];
    }
    return {};
}

/// The records of a fault, by when they were.
struct Phases {
    Phase calm;      // answered before it
    Phase hit;       // under way when it came, or due before its end
    Phase returned;  // due from its end on
    double late_ms = 0;
};

Phases phases_of(std::span<const Record> records, const FaultMoments& moments) {
    Phases phases;
    for (const Record& record : records) {
        if (record.due_ns < moments.calm_ns || record.due_ns >= moments.end_ns) continue;
        if (record.sent_ns != 0)
            phases.late_ms = std::max(phases.late_ms, to_ms(record.sent_ns - record.due_ns));
        if (!is_ended(record)) continue;
        if (record.done_ns <= moments.fault_ns) {
            phases.calm.push_back(&record);
        } else if (record.due_ns < moments.back_ns) {
            phases.hit.push_back(&record);
        } else {
            phases.returned.push_back(&record);
        }
    }
    return phases;
}

double worst_added(const Phase& phase, double normal_ms) {
    double worst = normal_ms;
    for (const Record* record : phase) worst = std::max(worst, latency_ms(*record));
    return worst - normal_ms;
}

std::uint64_t errors_of(const Phase& phase) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(phase, [](const Record* record) { return is_error(*record); }));
}

std::vector<std::string> error_kinds_of(const Phase& phase) {
    std::set<std::string> kinds;
    for (const Record* record : phase) {
        if (is_error(*record)) kinds.insert(kind_of(*record));
    }
    return {kinds.begin(), kinds.end()};
}

void set_of_clients(const Phases& phases, const FaultMoments& moments,
                    const FaultSettings& settings, FaultFigures& found) {
    std::vector<double> good;
    for (const Record* record : phases.calm) {
        if (!is_error(*record)) good.push_back(latency_ms(*record));
    }
    std::ranges::sort(good);
    found.normal_ms = median(good);
    found.p99_before_ms = quantile(good, 0.99);
    found.noise_ms = good.empty() ? 0 : good.back() - found.normal_ms;
    found.noise_ms = std::max(found.noise_ms, phases.late_ms);
    found.errors_before = errors_of(phases.calm);

    const double slow_ms = found.normal_ms + to_ms(settings.round_trip) + to_ms(kSlowBeyond);
    found.requests = phases.hit.size();
    found.errors = errors_of(phases.hit);
    found.error_kinds = error_kinds_of(phases.hit);
    found.slow =
        static_cast<std::uint64_t>(std::ranges::count_if(phases.hit, [&](const Record* record) {
            return !is_error(*record) && latency_ms(*record) > slow_ms;
        }));
    found.worst_added_ms = worst_added(phases.hit, found.normal_ms);
    found.requests_on_return = phases.returned.size();
    found.errors_on_return = errors_of(phases.returned);
    found.error_kinds_on_return = error_kinds_of(phases.returned);
    found.worst_added_on_return_ms = worst_added(phases.returned, found.normal_ms);

    for (const Phase* phase : {&phases.hit, &phases.returned}) {
        for (const Record* record : *phase) {
            const bool is_bad =
                is_error(*record) || latency_ms(*record) > slow_ms + to_ms(kBadBeyond);
            if (!is_bad) continue;
            found.recovered_ms =
                std::max(found.recovered_ms, to_ms(record->due_ns - moments.fault_ns));
        }
    }
}

void set_of_wire(const std::vector<Sight>& sights, const FaultMoments& moments,
                 const FaultSettings& settings, double fair_in_share, FaultFigures& found) {
    Moments during;  // tries
    Moments requests;
    const std::int64_t fault = moments.fault_ns;
    for (const Sight& sight : sights) {
        if (sight.origin != *settings.origin) continue;
        if (sight.kind == Sight::Kind::request) requests.push_back(sight.at_ns);
        if (sight.at_ns < fault || sight.at_ns >= moments.back_ns) continue;
        if (sight.kind != Sight::Kind::end) {
            during.push_back(sight.at_ns);
        } else if (!found.shown_ms) {
            found.shown_ms = to_ms(sight.at_ns - fault);
        }
    }
    const auto detected = detected_at(during, fault, moments.back_ns);
    found.sent_after = during.size();
    if (detected) {
        found.detected_ms = to_ms(*detected - fault);
        found.sent_after =
            static_cast<std::uint64_t>(during.end() - std::ranges::upper_bound(during, *detected));
    }
    if (const auto halved = halved_at(during, fault, moments.back_ns, fair_in_share))
        found.halved_ms = to_ms(*halved - fault);
    if (settings.retry_after) {
        // a request that was at the origin when the fault came is answered with 429 as well
        found.sent_cooling = sent_while_cooling(
            requests, fault - settings.latency.count(), moments.back_ns, *settings.retry_after,
            settings.round_trip + settings.latency + kSlowBeyond);
    }
}

}  // namespace

FaultFigures figures_of(std::span<const Record> records, const std::vector<Sight>* sights,
                        const FaultMoments& moments, const FaultSettings& settings) {
    FaultFigures found;
    const Phases phases = phases_of(records, moments);
    set_of_clients(phases, moments, settings, found);
    double rate = settings.rate;
    const double calm_s = to_ms(moments.fault_ns - moments.calm_ns) / 1000;
    if (rate == 0 && calm_s > 0) rate = static_cast<double>(phases.calm.size()) / calm_s;
    const double fair_in_share = rate * to_ms(kShare) / 1000 /
                                 static_cast<double>(std::max<std::size_t>(settings.origins, 1));
    if (settings.record_origin != Record::kNoOrigin && moments.back_ns < moments.end_ns) {
        const auto at = taken_back_at(records, settings.record_origin, moments.back_ns,
                                      moments.end_ns, fair_in_share);
        if (at) found.taken_back_ms = to_ms(*at - moments.back_ns);
    }
    if (sights != nullptr && settings.origin)
        set_of_wire(*sights, moments, settings, fair_in_share, found);
    return found;
}

}  // namespace ringload
