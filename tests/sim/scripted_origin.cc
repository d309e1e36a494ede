#include "scripted_origin.h"

#include <algorithm>
#include <charconv>

namespace ringway::sim {

namespace {

constexpr std::uint32_t kPieceBytesMax = 8 * 1024;
// By then the origin must have been told that its answer is not wanted any more.
constexpr Duration kCancelTime = std::chrono::milliseconds(100);
constexpr int kSlowFactor = 20;
constexpr Duration kUsualTime = std::chrono::milliseconds(2);  // of answers that are slow now
constexpr Duration kCheckTime = std::chrono::microseconds(500);

// Answers that no proxy may pass on (RFC 9112 2.2, 4, 5.1, 6.1, 6.3, 7.1).
constexpr const char* kMalformed[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "\r\n\r\n\r\n\r\n",
};

std::uint64_t number(std::string_view text) {
    std::uint64_t result = 0;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
}

}  // namespace

const char* name_of(Fault fault) {
    constexpr const char* kNames[kFaults] = {"none",        "refuses", "silent",
                                             "stopped",     "killed",  "unavailable",
                                             "rate limits", "slow",    "bad credential"};
    return kNames[static_cast<std::size_t>(fault)];
}

int OriginState::status() const {
    switch (fault) {
        case Fault::unavailable:
            return 503;
        case Fault::rate_limits:
            return 429;
        case Fault::bad_credential:
            return 401;
        case Fault::none:
        case Fault::refuses:
        case Fault::silent:
        case Fault::stopped:
        case Fault::killed:
        case Fault::slow:
            break;
    }
    return 0;
}

ScriptedOrigin::ScriptedOrigin(SimNet& net, Ledger& ledger, OriginScript script)
    : net_(net), ledger_(ledger), script_(std::move(script)) {
    net_.listen(script_.address, [this](End& end) {
        const int number = static_cast<int>(connections_.size());
        connections_.push_back(
            std::make_unique<OriginConnection>(net_, ledger_, script_, state_, end, number));
        return true;
    });
}

void ScriptedOrigin::set_fault(Fault fault, int retry_after_s, bool checks_see) {
    const bool was_stopped = state_.stopped();
    ledger_.trace(script_.name, std::string("fault: ") + name_of(fault));
    state_ = {.fault = fault, .retry_after_s = retry_after_s, .checks_see = checks_see};
    const bool refuses = fault == Fault::refuses || fault == Fault::killed;
    net_.set_answering(script_.address, refuses ? Answering::refuses : Answering::accepts);
    net_.set_silent(script_.address, fault == Fault::silent);
    // by number: connections may be added meanwhile
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        if (fault == Fault::killed) connections_[i]->kill();
        if (was_stopped && !state_.stopped()) connections_[i]->go_on();
    }
}

OriginConnection::OriginConnection(SimNet& net, Ledger& ledger, const OriginScript& script,
                                   const OriginState& state, End& end, int number)
    : net_(net),
      ledger_(ledger),
      script_(script),
      state_(state),
      end_(end),
      name_(script.name + "." + std::to_string(number)) {
    end_.set_on_change([this] { step(); });
    ledger_.trace(name_, "accepts");
    idle();
}

void OriginConnection::pause() {
    if (script_.pause_max == Duration{0}) return;
    paused_ = true;
    net_.after(net_.random_duration(script_.pause_max), [this] {
        paused_ = false;
        step();
    });
}

void OriginConnection::step() {
    if (!open_ || paused_ || state_.stopped()) return;
    read_some();
    if (open_ && !paused_) write_some();
}

void OriginConnection::kill() {
    if (!open_) return;
    open_ = false;
    reader_.stop();
    end_.reset();
}

void OriginConnection::read_some() {
    while (end_.readable() > 0) {
        std::string bytes(some(script_.step_bytes_max), '\0');
        bytes.resize(end_.read(bytes.data(), bytes.size()));
        reader_.feed(bytes);
        if (!open_) return;
        if (!reader_.error().empty()) {
            ledger_.violation(name_ + " got " + reader_.error());
            close();
            return;
        }
        pause();
        if (paused_) return;
    }
    if (end_.failed() || (end_.at_end() && (!request_complete_ || entry_ == nullptr))) {
        ledger_.trace(name_, end_.failed() ? "reset by the proxy" : "closed by the proxy");
        close();
    }
}

void OriginConnection::close() {
    open_ = false;
    reader_.stop();
    end_.close();
}

// Between requests.
void OriginConnection::idle() {
    entry_ = nullptr;
    sending_ = Sending::nothing;
    const std::uint64_t count = exchange_count_;
    if (script_.idle_close_max > Duration{0} && exchange_count_ > 0) {
        net_.after(net_.random_duration(script_.idle_close_max), [this, count] {
            if (!open_ || entry_ != nullptr || count != exchange_count_) return;
            if (state_.stopped()) return;
            ledger_.trace(name_, "closes, being idle");
            if (net_.prng().chance(script_.idle_reset_percent)) {
                open_ = false;
                end_.reset();
            } else {
                close();
            }
        });
    }
    if (exchange_count_ > 0 && net_.prng().chance(script_.unasked_percent)) {
        net_.after(net_.random_duration(std::chrono::milliseconds(2)), [this, count] {
            if (!open_ || entry_ != nullptr || count != exchange_count_) return;
            end_.write("HTTP/1.1 4x8 Unasked\r\nContent-Length: 0\r\n\r\n");
            close();
        });
    }
}

// -- the request --

void OriginConnection::on_head(const WireHead& head) {
    if (entry_ != nullptr) {
        ledger_.violation(name_ + " got a request before its last answer was over");
        return close();
    }
    ++exchange_count_;
    checked_ = head.has("x-health-check");
    if (checked_) {
        close_after_ = head.value("connection") == "close";
        return;
    }
    const std::uint64_t id = number(head.value("x-id"));
    entry_ = ledger_.find(id);
    if (entry_ == nullptr) {
        ledger_.violation(name_ + " got a request that nobody sent: " + head.start_line);
        return close();
    }
    ledger_.trace(name_, "gets " + head.start_line);
    entry_->attempts.emplace_back();
    attempt_ = entry_->attempts.size() - 1;
    attempt().status = state_.status() != 0 ? state_.status() : entry_->plan.status;
    attempt().fault = state_.status() != 0;
    if (attempt().fault) {
        attempt().answer_bytes = net_.prng().below(500);
    } else {
        attempt().answer_bytes = entry_->plan.answer_bytes;
        attempt().answer_framing = entry_->plan.answer_framing;
    }
    request_complete_ = false;
    request_offset_ = answer_offset_ = written_ = 0;
    check_request_head(head);
    choose_mishap();
    if (head.value("connection") == "close") close_after_ = true;
    if (head.has("expect") && !early_) out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    if (early_) begin_answer(entry_->plan.answer_delay);
}

void OriginConnection::check_request_head(const WireHead& head) const {
    const Plan& plan = entry_->plan;
    const std::string id = std::to_string(plan.id);
    if (!plan.malformed.empty())
        ledger_.violation("the malformed request " + id + " reached an origin");
    if (entry_->attempts.size() > 1 && !plan.repeatable() && !entry_->were_refused()) {
        ledger_.violation("request " + id + " may not be repeated and reached origins twice");
    }
    if (head.start_line != plan.method + " /r/" + id + "?q=" + id + " HTTP/1.1") {
        ledger_.violation("request " + id + " arrived as " + head.start_line);
    }
    if (head.value("x-pad") != ledger_.padding(plan.id, plan.padding_bytes)) {
        ledger_.violation("request " + id + " arrived with a changed field");
    }
    if (head.has("x-drop")) ledger_.violation("request " + id + " arrived with a hop-by-hop field");
    if (!head.has("host")) ledger_.violation("request " + id + " arrived without Host");
}

void OriginConnection::choose_mishap() {
    base::Prng& prng = net_.prng();
    const Plan& plan = entry_->plan;
    early_ = plan.has_body() && prng.chance(script_.early_percent);
    close_after_ = prng.chance(script_.close_percent);
    mishap_ = Mishap::none;
    if (prng.chance(script_.reset_percent)) mishap_ = Mishap::reset;
    if (prng.chance(script_.truncate_percent)) mishap_ = Mishap::truncate;
    if (prng.chance(script_.stall_percent)) mishap_ = Mishap::stall;
    if (prng.chance(script_.malformed_percent)) mishap_ = Mishap::malformed;
    // a FIN within a body that ends with its connection is no mishap that anybody could see
    if (mishap_ == Mishap::truncate && plan.answer_framing == AnswerFraming::until_close) {
        mishap_ = Mishap::reset;
    }
    const std::uint32_t bounds[] = {1, 100, 300 + static_cast<std::uint32_t>(plan.answer_bytes)};
    mishap_after_ = prng.below(bounds[prng.below(3)]);
}

void OriginConnection::on_body(std::string_view bytes) {
    if (entry_ == nullptr) return;
    if (!body_matches(ledger_.request_key(entry_->plan.id), request_offset_, bytes)) {
        ledger_.violation("request " + std::to_string(entry_->plan.id) +
                          " arrived with a wrong byte in [" + std::to_string(request_offset_) +
                          ", +" + std::to_string(bytes.size()) + ")");
    }
    request_offset_ += bytes.size();
}

void OriginConnection::on_end() {
    if (checked_) {
        const Duration usual = net_.random_duration(kCheckTime);
        const bool slow = state_.fault == Fault::slow;
        net_.after(slow ? usual * kSlowFactor : usual, [this, count = exchange_count_] {
            if (open_ && count == exchange_count_) answer_check();
        });
        return;
    }
    if (entry_ == nullptr) return;
    const Plan& plan = entry_->plan;
    request_complete_ = true;
    ++entry_->bodies_complete;
    if (request_offset_ != plan.body_bytes || plan.malformed_body) {
        ledger_.violation("request " + std::to_string(plan.id) + " arrived whole with " +
                          std::to_string(request_offset_) + " bytes instead of " +
                          std::to_string(plan.body_bytes));
    }
    if (!early_) {
        begin_answer(plan.answer_delay);
    } else if (sending_ == Sending::nothing && attempt().answer_complete) {
        idle();
    }
}

// -- the answer --

bool OriginConnection::bodiless() const {
    const int status = entry_->attempts[attempt_].status;
    return entry_->plan.method == "HEAD" || status == 204 || status == 304;
}

void OriginConnection::answer_check() {
    checked_ = false;
    const bool shown = state_.fault == Fault::unavailable || state_.checks_see;
    const int status = shown && state_.status() != 0 ? state_.status() : 200;
    ledger_.trace(name_, "answers a check, " + std::to_string(status));
    out_ += "HTTP/1.1 " + std::to_string(status) + " Check\r\n";
    if (status == 429) out_ += "Retry-After: " + std::to_string(state_.retry_after_s) + "\r\n";
    out_ += "Content-Length: 2\r\n\r\nok";
    step();
}

void OriginConnection::begin_answer(Duration delay) {
    if (state_.fault == Fault::slow)
        delay = (delay + net_.random_duration(kUsualTime)) * kSlowFactor;
    net_.after(delay, [this, count = exchange_count_] {
        if (!open_ || count != exchange_count_ || entry_ == nullptr) return;
        if (mishap_ == Mishap::malformed) return answer_garbage();
        sending_ = Sending::head;
        step();
    });
}

void OriginConnection::answer_garbage() {
    ledger_.trace(name_, "answers garbage");
    const bool within_body = entry_->plan.answer_framing == AnswerFraming::chunked && !bodiless() &&
                             net_.prng().chance(50);
    if (within_body) {  // a good head, then no chunk
        attempt().answer_began = true;
        end_.write(answer_heads() + "zz\r\nxx");
    } else {
        end_.write(kMalformed[net_.prng().below(std::size(kMalformed))]);
    }
    close();
}

void OriginConnection::write_some() {
    while (!mishap_if_due() && (!out_.empty() || refill())) {
        const std::size_t size = std::min<std::size_t>(out_.size(), some(script_.step_bytes_max));
        const std::size_t written = end_.write(std::string_view(out_).substr(0, size));
        if (written == 0) return;
        if (sending_ != Sending::nothing) {
            written_ += written;
            attempt().answer_began = true;
        }
        out_.erase(0, written);
        if (out_.empty() && sending_ == Sending::over) {
            finish_answer();
            return;
        }
        pause();
        if (paused_) return;
    }
}

bool OriginConnection::mishap_if_due() {
    if (sending_ == Sending::nothing || mishap_ == Mishap::none || written_ < mishap_after_)
        return false;
    switch (mishap_) {
        case Mishap::reset:
            ledger_.trace(name_,
                          "resets after " + std::to_string(written_) + " bytes of its answer");
            open_ = false;
            end_.reset();
            break;
        case Mishap::truncate:
            ledger_.trace(name_,
                          "truncates after " + std::to_string(written_) + " bytes of its answer");
            close();
            break;
        case Mishap::stall:
            sending_ = Sending::nothing;
            out_.clear();
            break;
        case Mishap::none:
        case Mishap::malformed:
            return false;
    }
    return true;
}

bool OriginConnection::refill() {
    switch (sending_) {
        case Sending::nothing:
        case Sending::over:
            return false;
        case Sending::head:
            out_ = answer_heads();
            return true;
        case Sending::body:
            out_ = next_body_piece();
            return !out_.empty();
    }
    return false;
}

std::string OriginConnection::answer_heads() {
    const Plan& plan = entry_->plan;
    std::string head;
    for (int i = 0; i < plan.interims; ++i)
        head += "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    const Attempt& answer = attempt();
    head += "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\n";
    if (answer.status == 429)
        head += "Retry-After: " + std::to_string(state_.retry_after_s) + "\r\n";
    head +=
        "X-Id: " + std::to_string(plan.id) + "\r\nX-Attempt: " + std::to_string(attempt_) + "\r\n";
    head += "X-Pad: " + ledger_.padding(plan.id, plan.answer_padding_bytes) + "\r\n";
    if (plan.hop_by_hop) head += "X-Hop: 1\r\nConnection: x-hop\r\n";
    const bool has_body = answer.status != 204 && answer.status != 304;
    if (has_body && answer.answer_framing == AnswerFraming::length) {
        head += "Content-Length: " + std::to_string(answer.answer_bytes) + "\r\n";
    } else if (has_body && answer.answer_framing == AnswerFraming::chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    } else if (has_body) {
        close_after_ = true;
    }
    if (close_after_) head += "Connection: close\r\n";
    sending_ =
        bodiless() || (answer.answer_bytes == 0 && answer.answer_framing != AnswerFraming::chunked)
            ? Sending::over
            : Sending::body;
    return head + "\r\n";
}

std::string OriginConnection::next_body_piece() {
    const Plan& plan = entry_->plan;
    const Attempt& answer = attempt();
    const std::uint64_t left = answer.answer_bytes - answer_offset_;
    const auto size =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(left, some(kPieceBytesMax)));
    const std::string piece =
        body_piece(ledger_.answer_key(plan.id, attempt_), answer_offset_, size);
    answer_offset_ += size;
    const bool last = answer_offset_ == answer.answer_bytes;
    if (last) sending_ = Sending::over;
    if (answer.answer_framing != AnswerFraming::chunked) return piece;
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
    std::string result;
    if (size > 0) result = std::string(digits, end) + "\r\n" + piece + "\r\n";
    if (last) result += plan.answer_trailers ? "0\r\nX-Sum: 1\r\n\r\n" : "0\r\n\r\n";
    return result;
}

void OriginConnection::finish_answer() {
    const bool reset_instead = mishap_ == Mishap::reset &&
                               attempt().answer_framing == AnswerFraming::until_close &&
                               !bodiless();
    attempt().answer_complete = !reset_instead;
    if (entry_->client_gone_at < net_.now() - kCancelTime && !end_.at_end() && !end_.failed()) {
        ledger_.violation(name_ + " was left answering " + std::to_string(entry_->plan.id) +
                          ", whose client has gone");
    }
    ledger_.trace(name_, "has answered " + std::to_string(entry_->plan.id));
    sending_ = Sending::nothing;
    if (mishap_ == Mishap::reset) {
        open_ = false;
        end_.reset();
    } else if (close_after_ && request_complete_) {
        close();
    } else if (request_complete_) {
        idle();
    } else if (close_after_ || net_.prng().chance(50)) {
        close();  // answered early, and not waiting for the rest of the request
    }
}

}  // namespace ringway::sim
