// Answers that do not stand: gateway errors that are tried elsewhere, rate limits, and refused
// credentials of ours; and what each answer tells about its upstream's health.
#include <algorithm>

#include "ringway/failover/merge.h"
#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"
#include "ringway/health/retry_after.h"

namespace ringway::forward {

using base::Duration;
using base::Instant;
using observe::AttemptEnd;
using observe::Refusal;

namespace {

constexpr std::uint16_t kTooManyRequests = 429;

bool is_gateway_error(std::uint16_t status) {
    return status == 502 || status == 503 || status == 504;
}

AttemptEnd end_of(std::uint16_t status) {
    switch (status) {
        case 401:
        case 403:
            return AttemptEnd::credentials_refused;
        case kTooManyRequests:
            return AttemptEnd::rate_limited;
        case 502:
            return AttemptEnd::status_502;
        case 503:
            return AttemptEnd::status_503;
        case 504:
            return AttemptEnd::status_504;
        default:
            return AttemptEnd::status_other;
    }
}

std::uint64_t seconds_up(Duration time) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>((time.count() + kSecond - 1) / kSecond, 1));
}

}  // namespace

/// Not acted on: rate limited, or 401 or 403 where the credential that was refused may be the one
/// that we set.
bool Exchange::is_refused(const Attempt& attempt, std::uint16_t status) const {
    if (status == kTooManyRequests) return true;
    return (status == 401 || status == 403) &&
           std::ranges::any_of(pool().upstreams[attempt.upstream.value].request_headers,
                               &config::HeaderEdit::is_credential);
}

bool Exchange::is_listed(std::uint16_t status) const {
    const auto& statuses = pool().retry.statuses;
    return std::ranges::find(statuses, status) != statuses.end();
}

/// What the answer says of its upstream.
void Exchange::note_answer(Attempt& attempt) {
    const http::ResponseHead& head = plane_.response_head;
    const cluster::Place place = place_of(attempt);
    // An answer that came before the connection broke, and nothing could be sent: from its begin.
    const Instant sent_at = attempt.sent_at == Instant{} ? attempt.begun_at : attempt.sent_at;
    const Duration latency = first_byte_at_ - sent_at;
    health::Monitor& monitor = plane_.monitor;
    counters_of(attempt).first_byte.record(static_cast<std::uint64_t>(latency.count()));
    plane_.balancers[pool_.value]->observe(attempt.upstream, latency, first_byte_at_);
    if (is_gateway_error(head.status)) {
        monitor.on_fault(place, health::Fault::bad_status, sent_at);
        if (std::exchange(attempt.trial, false)) monitor.on_trial_failed(place);
        return;
    }
    monitor.on_answer(place, latency);
    if (std::exchange(attempt.trial, false)) monitor.on_trial_passed(place);
    if (head.status < 400) {
        if (plane_.view().upstream(place).credentials_fault) [[unlikely]]
            monitor.on_credentials(place, false, head.status);
    } else if (head.status == kTooManyRequests) {
        const std::int64_t unix_now =
            plane_.now().time_since_epoch().count() + plane_.unix_offset_ns;
        monitor.on_rate_limited(
            place, health::retry_after(head.fields, unix_now).value_or(health::kRetryAfterDefault));
    } else if (is_refused(attempt, head.status)) {
        monitor.on_credentials(place, true, head.status);
    }
}

/// An answer that would not stand came while another attempt still runs: that one decides. False:
/// it is no such answer.
bool Exchange::leave_to_other(Attempt& answered) {
    const std::uint16_t status = plane_.response_head.status;
    if (!is_refused(answered, status) && !is_listed(status)) return false;
    note_failed_try(answered, end_of(status));
    first_byte_at_ = {};
    go_on_without(answered);
    return true;
}

/// The answer is dropped: the request is tried elsewhere, or another upstream that cools is back
/// before this one. False: it stands.
bool Exchange::give_up_answer() {
    const std::uint16_t status = plane_.response_head.status;
    if (try_elsewhere()) return true;
    if (status != kTooManyRequests) return false;
    const cluster::PoolView& view = plane_.view().pool(pool_);
    const auto until = failover::all_cooling_until(view);
    const bool sooner = until && *until < view.upstreams[attempt_.upstream.value].cooling_until;
    return sooner && answer_rate_limited();
}

bool Exchange::try_elsewhere() {
    const std::uint16_t status = plane_.response_head.status;
    const config::Retry& rules = pool().retry;
    const bool refused = is_refused(attempt_, status);
    if (!refused && !is_listed(status)) return false;
    // A refusal says that nothing was acted on (RFC 6585 4, RFC 9110 15.5.2).
    const bool reached = !(refused && rules.repeat_refused);
    if (!may_repeat(Failure{Cause::closed_early, reached})) return false;
    if (attempts_ >= rules.attempts_max) return false;
    const auto another = find_other();
    if (!another) return false;
    // An upstream that refuses is left alone from now on, so this can't grow into a storm.
    if (!refused && !plane_.take_retry(pool_)) return false;
    plane_.counters.pools[pool_.value].retries.add();
    note_failed_try(attempt_, end_of(status));
    first_byte_at_ = {};
    drop(attempt_, false);
    if (!begin_on(*another)) refuse(503, Refusal::no_upstream);
    return true;
}

bool Exchange::is_rate_limited() const {
    return failover::all_cooling_until(plane_.view().pool(pool_)).has_value();
}

/// 429 when every upstream that could take the request cools; with the soonest moment at which one
/// is back.
bool Exchange::answer_rate_limited() {
    const auto until = failover::all_cooling_until(plane_.view().pool(pool_));
    if (!until) return false;
    plane_.counters.pools[pool_.value].all_rate_limited.add();
    const std::string lines =
        "Retry-After: " + std::to_string(seconds_up(*until - plane_.now())) + "\r\n";
    drop_all();
    answer(CannedReply{.status = kTooManyRequests, .extra_lines = lines},
           static_cast<std::int16_t>(Refusal::rate_limited));
    return true;
}

/// For a 503: until the first upstream of the pool may be asked again, as far as that is known.
std::uint64_t Exchange::retry_after_seconds() const {
    if (!has_pool_) return 1;
    Instant soonest = base::kNever;
    for (const cluster::UpstreamView& upstream : plane_.view().pool(pool_).upstreams) {
        if (upstream.eligible) return 1;  // only full
        Instant back{};
        back = std::max(back, upstream.ejected_until);
        back = std::max(back, upstream.cooling_until);
        if (upstream.breaker.phase == cluster::BreakerPhase::open)
            back = std::max(back, upstream.breaker.until);
        if (back > plane_.now()) soonest = std::min(soonest, back);
    }
    return soonest == base::kNever ? 1 : seconds_up(soonest - plane_.now());
}

}  // namespace ringway::forward
