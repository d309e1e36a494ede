// [pool.retry], [pool.hedge], [pool.queue], [pool.suspicion], [pool.outlier] and [pool.breaker]:
// what is done about upstreams that fail, and about the requests that meet them.
#include <fmt/format.h>

#include <algorithm>

#include "sections.h"

namespace ringway::config {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Bounds kPercent = {0, 100};
constexpr Bounds kWindow = between(seconds(1), minutes(1));
constexpr Bounds kRequestsMin = {1, 1 << 20};
constexpr Bounds kQuantile = between(0.5, 0.999);

void read_statuses(Reading& reading, const Rule& rule, const toml::node& node, Retry& retry) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        return reading.complain(node, fmt::format("`{}`: expected {}, found {}", rule.name,
                                                  rule.shape, type_found(node)));
    }
    retry.statuses.clear();
    for (const toml::node& element : *array) {
        const auto* status = element.as_integer();
        if (status == nullptr || status->get() < 400 || status->get() > 599) {
            reading.complain(
                element,
                fmt::format("`{}`: write statuses from 400 to 599, as [502, 503]", rule.name));
        } else {
            retry.statuses.push_back(static_cast<std::uint16_t>(status->get()));
        }
    }
}

/// The sums that a window is made of are taken once a second.
void check_window(const Given& given, Duration window) {
    if (window % seconds(1) != Duration(0) && !given.in_doubt("window")) {
        given.complain("window", "`window`: write whole seconds, as \"10s\"");
    }
}

void check_retry(const Given& given, Retry& retry) {
    check_order(given, "backoff_min", retry.backoff_min, "backoff_max", retry.backoff_max);
}

void check_breaker(const Given& given, Breaker& breaker) {
    check_window(given, breaker.window);
    check_order(given, "recovery_timeout", breaker.recovery_timeout, "recovery_max",
                breaker.recovery_max);
    if (given.node("success_threshold") == nullptr) {
        breaker.success_threshold = std::min(breaker.success_threshold, breaker.max_trial_requests);
    }
    check_order(given, "success_threshold", breaker.success_threshold, "max_trial_requests",
                breaker.max_trial_requests);
}

void check_outlier(const Given& given, Outlier& outlier) {
    check_window(given, outlier.window);
    check_order(given, "ejection_time", outlier.ejection_time, "ejection_max",
                outlier.ejection_max);
}

void check_suspicion(const Given& given, Suspicion& suspicion) {
    check_order(given, "overdue_min", suspicion.overdue_min, "overdue_max", suspicion.overdue_max);
    check_order(given, "probe_min", suspicion.probe_min, "probe_max", suspicion.probe_max);
}

}  // namespace

const Section<Retry>& retry_section() {
    static const Section<Retry> section{
        .heading = "[pool.retry]",
        .meaning = "Repeating a failed request, on another upstream while one is left.",
        .keys =
            {
                count<&Retry::attempts_max>(
                    "attempts_max", {1, base::kAttemptsMax},
                    "sends of one request, the first included; 1: no retry"),
                flag<&Retry::unsafe>("unsafe", "repeat requests that are not idempotent too"),
                flag<&Retry::repeat_refused>(
                    "repeat_refused",
                    "requests of any method go on to the next upstream after an answer that says "
                    "that they were not acted on: 429, and 401 or 403 to a credential of "
                    "`headers`"),
                size<&Retry::buffer_bytes>("buffer_bytes", {0, 1 << 24},
                                           "body that is kept for repeating"),
                custom<Retry>("statuses", "an array of statuses", read_statuses,
                              "answers that are retried, beside 429")
                    .with_default("[502, 503, 504]"),
                count<&Retry::budget_percent>(
                    "budget_percent", kPercent,
                    "retries as a share of requests, beside `budget_per_second`"),
                count<&Retry::budget_per_second>("budget_per_second", {0, 1 << 20},
                                                 "retries a second whatever the share is"),
                duration<&Retry::backoff_min>(
                    "backoff_min", between(Duration(0), minutes(1)),
                    "shortest back-off before the same upstream is asked again; another one is "
                    "asked at once"),
                duration<&Retry::backoff_max>("backoff_max", between(Duration(0), minutes(1)),
                                              "longest back-off; it is random (full jitter)"),
            },
        .check = check_retry,
    };
    return section;
}

const Section<Hedge>& hedge_section() {
    static const Section<Hedge> section{
        .heading = "[pool.hedge]",
        .meaning =
            "A second upstream is asked before the first has failed; the first answer counts.",
        .keys =
            {
                number<&Hedge::quantile>(
                    "quantile", kQuantile,
                    "a repeatable request that waits longer than this quantile of its upstream's "
                    "latency is sent to a second one as well; 0: never")
                    .or_zero(),
                duration<&Hedge::delay_min>("delay_min", between(Duration(0), minutes(1)),
                                            "never sooner than this"),
                count<&Hedge::percent_max>("percent_max", kPercent,
                                           "requests sent twice, as a share of all"),
                flag<&Hedge::connect>(
                    "connect",
                    "dial a second upstream when a connect is overdue; nothing was sent yet, so it "
                    "is safe for every request"),
                duration<&Hedge::connect_delay_min>("connect_delay_min",
                                                    between(milliseconds(1), minutes(1)),
                                                    "never sooner than this"),
            },
    };
    return section;
}

const Section<Queue>& queue_section() {
    static const Section<Queue> section{
        .heading = "[pool.queue]",
        .meaning =
            "Requests wait here, in order, while every upstream is out or full; beyond the bounds "
            "they get 503 with Retry-After.",
        .keys =
            {
                count<&Queue::length_max>(
                    "length_max", {0, 1 << 20},
                    "requests of the whole process, each shard its equal part; 0: no queue"),
                duration<&Queue::wait_max>("wait_max", between(milliseconds(1), hours(1)),
                                           "longest wait of one request"),
            },
    };
    return section;
}

const Section<Suspicion>& suspicion_section() {
    static const Section<Suspicion> section{
        .heading = "[pool.suspicion]",
        .meaning =
            "A request that is overdue, or one that failed, makes a shard probe the upstream at "
            "once. An upstream that does not answer the probe is out; one that does is left alone.",
        .keys =
            {
                flag<&Suspicion::enabled>("enabled", "false: no upstream is probed on suspicion"),
                number<&Suspicion::quantile>(
                    "quantile", kQuantile,
                    "a request is overdue at this quantile of its upstream's own latency ..."),
                number<&Suspicion::factor>("factor", between(1.0, 1000.0), "... times this ..."),
                duration<&Suspicion::overdue_min>("overdue_min", between(milliseconds(1), hours(1)),
                                                  "... but never sooner than this ..."),
                duration<&Suspicion::overdue_max>(
                    "overdue_max", between(milliseconds(1), hours(1)),
                    "... and at the latest then; also while fewer than 8 answers are known"),
                duration<&Suspicion::probe_min>(
                    "probe_min", between(milliseconds(1), minutes(1)),
                    "least time that a probe has; it is srtt + 4 rttvar of the upstream"),
                duration<&Suspicion::probe_max>("probe_max", between(milliseconds(1), minutes(1)),
                                                "longest time that a probe has"),
                count<&Suspicion::max_out_percent>(
                    "max_out_percent", {1, 100},
                    "of the pool (at least one upstream) may be out by missed probes at a time"),
            },
        .check = check_suspicion,
    };
    return section;
}

const Section<Outlier>& outlier_section() {
    static const Section<Outlier> section{
        .heading = "[pool.outlier]",
        .meaning =
            "Upstreams that do worse than their peers are ejected for a while. Failures are "
            "requests without an answer, with a malformed one, or with 502, 503 or 504.",
        .keys =
            {
                flag<&Outlier::enabled>("enabled", "false: no upstream is ejected"),
                count<&Outlier::consecutive>("consecutive", {0, 10'000},
                                             "failures in a row that eject; 0: off"),
                count<&Outlier::error_percent>("error_percent", kPercent,
                                               "failures in `window` that eject; 0: off"),
                number<&Outlier::latency_factor>(
                    "latency_factor", between(1.5, 1000.0),
                    "mean latency in `window` over the median of the peers' that ejects; 0: off")
                    .or_zero(),
                duration<&Outlier::latency_excess_min>("latency_excess_min",
                                                       between(Duration(0), hours(1)),
                                                       "and at least so much above that median"),
                duration<&Outlier::window>("window", kWindow, "whole seconds"),
                count<&Outlier::requests_min>("requests_min", kRequestsMin,
                                              "in `window`, for shares and means to count"),
                duration<&Outlier::ejection_time>("ejection_time",
                                                  between(milliseconds(1), hours(24)),
                                                  "times the number of ejections in a row"),
                duration<&Outlier::ejection_max>(
                    "ejection_max", between(milliseconds(1), hours(24)), "longest ejection"),
                count<&Outlier::max_ejected_percent>(
                    "max_ejected_percent", kPercent,
                    "of the pool (at least one upstream) may be ejected at a time; 0: none"),
            },
        .check = check_outlier,
    };
    return section;
}

const Section<Breaker>& breaker_section() {
    static const Section<Breaker> section{
        .heading = "[pool.breaker]",
        .meaning =
            "The circuit breaker of each upstream: closed, open (no requests), half open (a few "
            "trials).",
        .keys =
            {
                flag<&Breaker::enabled>("enabled", "false: it never opens"),
                count<&Breaker::failure_threshold>("failure_threshold", {1, 10'000},
                                                   "failures in a row that open it"),
                count<&Breaker::error_percent>("error_percent", kPercent,
                                               "failures in `window` that open it; 0: off"),
                duration<&Breaker::window>("window", kWindow, "whole seconds"),
                count<&Breaker::requests_min>("requests_min", kRequestsMin,
                                              "in `window`, for the share to count"),
                duration<&Breaker::recovery_timeout>(
                    "recovery_timeout", between(milliseconds(1), hours(24)),
                    "open so long, then half open; doubles with each opening in a row"),
                duration<&Breaker::recovery_max>(
                    "recovery_max", between(milliseconds(1), hours(24)), "bound of that doubling"),
                count<&Breaker::max_trial_requests>("max_trial_requests", {1, 1000},
                                                    "let through while half open"),
                count<&Breaker::success_threshold>(
                    "success_threshold", {1, 1000},
                    "successes that close it; at most `max_trial_requests`")
                    .with_default("3, or `max_trial_requests` when that is less"),
            },
        .check = check_breaker,
    };
    return section;
}

void describe_failover(std::vector<SectionText>& out) {
    out.push_back(describe(retry_section()));
    out.push_back(describe(hedge_section()));
    out.push_back(describe(queue_section()));
    out.push_back(describe(suspicion_section()));
    out.push_back(describe(outlier_section()));
    out.push_back(describe(breaker_section()));
}

}  // namespace ringway::config
