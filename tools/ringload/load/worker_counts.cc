// What a worker counts when a request has ended.
#include <algorithm>

#include "load/worker.h"

namespace ringload {

namespace {

std::uint64_t ns_between(Instant from, Instant to) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>((to - from).count(), 0));
}

std::int64_t ns_of(Instant at) { return at.time_since_epoch().count(); }

Failure failure_of(const AnswerReader& answer) {
    if (!answer.is_expected()) return Failure::unexpected_status;
    return answer.checksum_holds() ? Failure::none : Failure::wrong_body;
}

}  // namespace

void Worker::on_answer(const Connection& connection, const Request& request,
                       const AnswerReader& answer) {
    const Instant now = ring_->now();
    if (connection.is_slow()) {
        if (request.counted) tally_.slow.record(ns_between(request.sent, now));
        return;
    }
    note_done(request);
    const Failure failure = failure_of(answer);
    if (request.counted) {
        const std::uint64_t ns = ns_between(request.due, now);
        tally_.of_status(answer.status()).record(ns);
        if (now >= measure_end_) tally_.answered_late.add();
        tally_.first_byte.record(ns_between(request.sent, request.first_byte));
        if (!closed_loop()) tally_.uncorrected.record(ns_between(request.sent, now));
        if (weights_.size() > 1) tally_.by_kind[request.kind].record(ns);
        if (failure != Failure::none) {
            tally_.failures[static_cast<std::size_t>(failure)].add();
            tally_.failed_by_kind[request.kind].add();
        }
    } else if (is_measuring()) {
        tally_.answered_of_warm_up.add();
    }
    if (!shared_.plan.keep_records) return;
    Record record;
    record.status = answer.status();
    record.failure = failure;
    if (!answer.origin().empty()) record.origin = origin_number(answer.origin());
    keep(&connection, request, record);
}

void Worker::on_end(const Connection& connection, const Request& request, End end,
                    Failure failure) {
    if (connection.is_slow()) {
        if (end == End::failed && request.counted) tally_.slow_cut.add();
        return;
    }
    note_done(request);
    if (request.counted) {
        switch (end) {
            case End::failed:
                tally_.failures[static_cast<std::size_t>(failure)].add();
                tally_.failed_by_kind[request.kind].add();
                if (failure == Failure::timed_out)
                    tally_.timed_out.record(ns_between(request.due, ring_->now()));
                break;
            case End::aborted:
                tally_.aborted.add();
                break;
            case End::unfinished:
                tally_.unfinished.add();
                return;  // nothing became of it
        }
    }
    Record record;
    record.failure = failure;
    record.aborted = end == End::aborted;
    keep(&connection, request, record);
}

/// A request that no connection ever had.
void Worker::fail_unsent(const Request& request, Failure failure) {
    if (request.counted) {
        last_done_ = std::max(last_done_, ring_->now());
        tally_.failures[static_cast<std::size_t>(failure)].add();
        tally_.failed_by_kind[request.kind].add();
        if (failure == Failure::timed_out)
            tally_.timed_out.record(ns_between(request.due, ring_->now()));
    }
    Record record;
    record.failure = failure;
    keep(nullptr, request, record);
}

void Worker::note_done(const Request& request) {
    --under_way_;
    tally_.in_flight.store(under_way_, std::memory_order_relaxed);
    if (request.counted) last_done_ = ring_->now();
}

void Worker::keep(const Connection* connection, const Request& request, Record record) {
    if (!shared_.plan.keep_records || !request.counted) return;
    record.due_ns = ns_of(request.due);
    record.sent_ns = ns_of(request.sent);
    record.first_byte_ns = ns_of(request.first_byte);
    record.done_ns = ns_of(ring_->now());
    record.connection = connection == nullptr ? Record::kNoConnection : connection->number();
    record.kind = request.kind;
    records_.push_back(record);
}

std::uint8_t Worker::origin_number(const std::string& name) {
    const auto found = std::ranges::find(origins_, name);
    if (found == origins_.end()) {
        if (origins_.size() == Record::kNoOrigin) return Record::kNoOrigin;
        origins_.push_back(name);
        return static_cast<std::uint8_t>(origins_.size() - 1);
    }
    return static_cast<std::uint8_t>(found - origins_.begin());
}

}  // namespace ringload
