// The rest of a long body of known length, moved from socket to socket through a pipe: no byte of
// it enters user space.
#include <algorithm>

#include "ringway/forward/client_side.h"
#include "ringway/forward/exchange.h"
#include "ringway/forward/plane.h"
#include "ringway/forward/upstream_side.h"

namespace ringway::forward {

namespace {

// moved for one connection before others have their turn
constexpr std::size_t kTurnBytes = 1024 * 1024;

}  // namespace

bool Exchange::start_splice() {
    const std::uint64_t bytes_min = plane_.settings().splice_min_bytes;
    if (bytes_min == 0 || response_.framing() != http::Framing::length ||
        response_.left() < bytes_min)
        return false;
    if (!attempt_.live() || attempt_.side->receiving() || attempt_.side->ended()) return false;
    // A marked socket does not wait for room: the rest of a request that was answered early could
    // not be sent.
    if (!request_.done() || attempt_.side->unsent_bytes() > 0) return false;
    if (client_.unsent_bytes() > 0 || client_.send_failed()) return false;
    const auto pipe = plane_.pipes.borrow();
    if (!pipe) return false;
    pipe_ = *pipe;
    in_pipe_ = 0;
    state_ = State::splicing;
    plane_.ring.mark_splicing(attempt_.side->descriptor(), true);
    plane_.ring.mark_splicing(client_.descriptor(), true);
    run_splice();
    return true;
}

/// Gives the pipe back; the sockets are ordinary again.
void Exchange::end_splice() {
    plane_.ring.mark_splicing(attempt_.side->descriptor(), false);
    plane_.ring.mark_splicing(client_.descriptor(), false);
    plane_.pipes.give_back(pipe_, in_pipe_ == 0);
    pipe_ = {};
    in_pipe_ = 0;
    splice_stalled_since_ = base::kNever;
    state_ = State::responding;
}

void Exchange::run_splice() {
    std::size_t moved = 0;
    while (true) {
        bool upstream_dry = false;
        if (!response_.done() && in_pipe_ < SplicePipes::kCapacityBytes) {
            const auto wanted = static_cast<std::size_t>(
                std::min<std::uint64_t>(response_.left(), SplicePipes::kCapacityBytes - in_pipe_));
            const auto taken =
                plane_.ring.splice_now(attempt_.side->descriptor(), pipe_.write_end, wanted, false);
            if (taken && *taken > 0) {
                in_pipe_ += *taken;
                response_.skip(*taken);
                counters_of(attempt_).bytes_received.add(*taken);
            } else if (taken || taken.error() != ring::Error::again) {
                on_upstream_failed(*attempt_.side, Cause::truncated_response);
                return;
            } else {
                upstream_dry = true;
            }
        }
        if (in_pipe_ > 0) {
            const auto given =
                plane_.ring.splice_now(pipe_.read_end, client_.descriptor(), in_pipe_, false);
            if (given && *given > 0) {
                splice_stalled_since_ = base::kNever;
                in_pipe_ -= *given;
                moved += *given;
                response_bytes_ += *given;
                plane_.counters.spliced_bytes.add(*given);
            } else if (!given && given.error() == ring::Error::again) {
                if (splice_stalled_since_ == base::kNever) splice_stalled_since_ = plane_.now();
                client_.wait_ready(ring::PollFor::writable);
                client_.refresh_timer();
                return;
            } else {
                on_client_lost(observe::Refusal::client_gone);
                return;
            }
        }
        if (in_pipe_ == 0 && response_.done()) {
            finish_response(true);
            return;
        }
        if (in_pipe_ == 0 && (upstream_dry || moved >= kTurnBytes)) {
            attempt_.side->restart_timer();
            attempt_.side->wait_ready(ring::PollFor::readable);
            return;
        }
    }
}

void Exchange::on_upstream_ready() {
    if (state_ == State::splicing) run_splice();
}

void Exchange::on_client_ready() {
    if (state_ == State::splicing) run_splice();
}

}  // namespace ringway::forward
