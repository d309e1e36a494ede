#include "scripted_client.h"

#include <algorithm>
#include <charconv>

namespace ringway::sim {

namespace {

constexpr std::uint32_t kPieceBytesMax = 8 * 1024;
// How long a client of the real world waits for 100 before it sends its body all the same (RFC
// 9110 10.1.1).
constexpr Duration kContinueTime = std::chrono::seconds(1);
// Longer than any of the proxy's timeouts: a connection without a byte for so long is stuck.
constexpr Duration kStuckTime = std::chrono::seconds(200);
constexpr Duration kWatchTime = std::chrono::seconds(50);

std::uint64_t number(std::string_view text) {
    std::uint64_t result = 0;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
}

}  // namespace

ScriptedClient::ScriptedClient(SimNet& net, Ledger& ledger, ClientScript script)
    : net_(net), ledger_(ledger), script_(std::move(script)) {}

void ScriptedClient::start() { connect(); }

void ScriptedClient::leave_now() {
    script_.leave_after_bytes = 0;
    if (!done_ && end_ != nullptr) step();
}

void ScriptedClient::connect() {
    ++generation_;
    paused_ = false;
    net_.connect(script_.from, script_.to, [this](std::expected<End*, Error> end) {
        if (!end) {
            if (!ledger_.draining()) ledger_.violation(script_.name + " could not connect");
            done_ = true;
            return;
        }
        ledger_.trace(script_.name, "connected");
        end_ = *end;
        moved_ = 0;
        sending_ = Sending::between;
        current_ = nullptr;
        out_.clear();
        answer_began_ = close_announced_ = false;
        reader_ = std::make_unique<WireReader>(WireReader::Side::responses, *this);
        progress_at_ = net_.now();
        end_->set_on_change([this] { step(); });
        watch();
        step();
    });
}

void ScriptedClient::watch() {
    net_.after(kWatchTime, [this, generation = generation_] {
        if (done_ || generation != generation_ || end_ == nullptr) return;
        if (net_.now() - progress_at_ > kStuckTime) {
            ledger_.violation(
                script_.name + " is stuck, waiting for the answer to " +
                (waiting_.empty() ? "nothing" : std::to_string(waiting_.front()->plan.id)));
            end_->reset();
            end_connection("stuck");
            return;
        }
        watch();
    });
}

void ScriptedClient::pause() {
    if (script_.pause_max == Duration{0}) return;
    paused_ = true;
    net_.after(net_.random_duration(script_.pause_max), [this, generation = generation_] {
        if (done_ || generation != generation_ || !paused_) return;
        paused_ = false;
        step();
    });
}

void ScriptedClient::step() {
    const std::uint64_t generation = generation_;
    const auto over = [&] {
        return done_ || generation != generation_ || end_ == nullptr || paused_ || leave_if_due();
    };
    if (over()) return;
    // a slow reader must not keep its own request back for ever
    if (!out_.empty() && net_.prng().chance(50)) write_some();
    if (over()) return;
    read_some();
    if (over()) return;
    write_some();
}

void ScriptedClient::read_some() {
    while (end_->readable() > 0) {
        std::string bytes(some(script_.step_bytes_max), '\0');
        bytes.resize(end_->read(bytes.data(), bytes.size()));
        moved_ += bytes.size();
        progress_at_ = net_.now();
        reader_->feed(bytes);
        if (end_ == nullptr) return;  // the answer made it leave
        if (!reader_->error().empty()) {
            ledger_.violation(script_.name + " got " + reader_->error());
            end_->reset();
            return end_connection("malformed answer");
        }
        pause();
        if (paused_) return;
    }
    if (end_->at_end() || end_->failed()) on_stream_end();
}

// The proxy closed, or reset.
void ScriptedClient::on_stream_end() {
    if (end_->at_end()) {
        reader_->feed_end();
        if (end_ == nullptr) return;
    }
    const char* why = end_->failed() ? "reset by the proxy" : "closed by the proxy";
    end_->close();
    end_connection(why);
}

void ScriptedClient::end_connection(const char* why) {
    ledger_.trace(script_.name, std::string("connection over: ") + why + ", " +
                                    std::to_string(waiting_.size()) + " requests open");
    end_ = nullptr;
    ++generation_;
    const bool stays = script_.leave == ClientScript::Leave::at_the_end || !first_connection_;
    if (stays && !waiting_.empty() && waiting_.front()->answers == 0 && moved_ > 0)
        waiting_.front()->unanswered = true;
    waiting_.clear();
    first_connection_ = false;
    if (script_.plans.empty() || script_.leave != ClientScript::Leave::at_the_end) {
        done_ = true;
        return;
    }
    net_.after(net_.random_duration(std::chrono::milliseconds(5)), [this] { connect(); });
}

bool ScriptedClient::leave_if_due() {
    using Leave = ClientScript::Leave;
    if (script_.leave == Leave::at_the_end || !first_connection_) return false;
    if (moved_ < script_.leave_after_bytes || sending_ == Sending::over) return false;
    switch (script_.leave) {
        case Leave::at_the_end:
            return false;
        case Leave::reset:
            // behind bytes that are not read yet a reset is not seen
            if (out_.empty() && sending_ != Sending::body) {
                for (Entry* entry : waiting_) entry->client_gone_at = net_.now();
            }
            end_->reset();
            end_connection("reset by the client");
            return true;
        case Leave::close:
            end_->close();
            end_connection("closed by the client");
            return true;
        case Leave::half_close:
            ledger_.trace(script_.name, "half-closes");
            out_.clear();
            sending_ = Sending::over;
            end_->shutdown();
            return false;
    }
    return false;
}

// -- sending --

void ScriptedClient::write_some() {
    while (!out_.empty() || refill()) {
        const std::size_t size = std::min<std::size_t>(out_.size(), some(script_.step_bytes_max));
        const std::size_t written = end_->write(std::string_view(out_).substr(0, size));
        if (written == 0) return;
        if (current_ != nullptr) current_->started = true;
        out_.erase(0, written);
        moved_ += written;
        progress_at_ = net_.now();
        pause();
        if (paused_ || leave_if_due()) return;
    }
}

bool ScriptedClient::refill() {
    switch (sending_) {
        case Sending::over:
        case Sending::awaiting_continue:
            return false;
        case Sending::body:
            out_ = next_body_piece();
            return !out_.empty();
        case Sending::between:
            break;
    }
    if (waiting_.size() >= script_.pipeline_depth) return false;
    if (script_.think_max > Duration{0} && !thought_ && waiting_.empty()) {
        paused_ = thought_ = true;
        net_.after(net_.random_duration(script_.think_max), [this, generation = generation_] {
            if (done_ || generation != generation_) return;
            paused_ = false;
            step();
        });
        return false;
    }
    if (script_.plans.empty()) {
        if (waiting_.empty()) {  // all is answered
            sending_ = Sending::over;
            end_->close();
            end_connection("nothing more to ask");
        }
        return false;
    }
    thought_ = false;
    const Plan plan = script_.plans.front();
    script_.plans.pop_front();
    current_ = &ledger_.add(plan);
    waiting_.push_back(current_);
    body_offset_ = 0;
    out_ = plan.malformed.empty() ? request_head(plan) : plan.malformed;
    ledger_.trace(script_.name, "asks " + out_.substr(0, out_.find('\r')) + ", body of " +
                                    std::to_string(plan.body_bytes) +
                                    (plan.chunked ? " chunked" : ""));
    if (plan.close || !plan.malformed.empty()) {
        sending_ = plan.has_body() && plan.malformed.empty() ? Sending::body : Sending::over;
    } else {
        sending_ = plan.has_body() ? Sending::body : Sending::between;
    }
    if (plan.expect && plan.has_body() && plan.malformed.empty()) {
        sending_ = Sending::awaiting_continue;
        net_.after(kContinueTime, [this, id = plan.id, generation = generation_] {
            if (generation != generation_ || sending_ != Sending::awaiting_continue) return;
            if (current_->plan.id != id) return;
            sending_ = Sending::body;
            step();
        });
    }
    return true;
}

std::string ScriptedClient::request_head(const Plan& plan) const {
    const std::string id = std::to_string(plan.id);
    std::string head = plan.method + " /r/" + id + "?q=" + id + " HTTP/1." +
                       (plan.http10 ? "0" : "1") + "\r\nHost: sim.example\r\n";
    head += "X-Id: " + id + "\r\n";
    head += "X-Pad: " + ledger_.padding(plan.id, plan.padding_bytes) + "\r\n";
    if (plan.hop_by_hop) head += "X-Drop: 1\r\nConnection: x-drop\r\n";
    if (plan.close && !plan.http10) head += "Connection: close\r\n";
    if (plan.expect && plan.has_body()) head += "Expect: 100-continue\r\n";
    if (plan.chunked) {
        head += "Transfer-Encoding: chunked\r\n";
        if (plan.trailers) head += "Trailer: x-sum\r\n";
    } else if (plan.has_body() || plan.method == "POST") {
        head += "Content-Length: " + std::to_string(plan.body_bytes) + "\r\n";
    }
    return head + "\r\n";
}

std::string ScriptedClient::next_body_piece() {
    const Plan& plan = current_->plan;
    const std::uint64_t left = plan.body_bytes - body_offset_;
    const auto size =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(left, some(kPieceBytesMax)));
    std::string piece = body_piece(ledger_.request_key(plan.id), body_offset_, size);
    body_offset_ += size;
    const bool last = body_offset_ == plan.body_bytes;
    if (last) sending_ = plan.close || plan.malformed_body ? Sending::over : Sending::between;
    if (!plan.chunked) return piece;
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
    std::string result;
    if (size > 0) {
        result =
            std::string(digits, end) + (size % 5 == 0 ? ";a=\"b\"" : "") + "\r\n" + piece + "\r\n";
    }
    if (last && plan.malformed_body) return result + "5;\x01\r\nxx";
    if (last) result += plan.trailers ? "0\r\nX-Sum: 1\r\n\r\n" : "0\r\n\r\n";
    return result;
}

// -- receiving --

bool ScriptedClient::answers_head() {
    return !waiting_.empty() && waiting_.front()->plan.malformed.empty() &&
           waiting_.front()->plan.method == "HEAD";
}

void ScriptedClient::on_head(const WireHead& head) {
    const int status = head.status();
    if (waiting_.empty()) {
        ledger_.violation(script_.name +
                          " got an answer that nobody asked for: " + head.start_line);
        return;
    }
    Entry& entry = *waiting_.front();
    ledger_.trace(script_.name,
                  "gets " + head.start_line + " for " + std::to_string(entry.plan.id));
    if (status < 200) {
        if (entry.plan.http10) {  // RFC 9110 15.2
            ledger_.violation("request " + std::to_string(entry.plan.id) +
                              " is of HTTP/1.0 and got " + head.start_line);
        }
        if (status == 100 && sending_ == Sending::awaiting_continue && current_ == &entry) {
            sending_ = Sending::body;
        }
        return;
    }
    if (++entry.answers > 1)
        ledger_.violation("request " + std::to_string(entry.plan.id) + " answered twice");
    entry.answer_status = status;
    answer_began_ = true;
    answer_offset_ = 0;
    const std::string_view connection = head.value("connection");
    close_announced_ = connection == "close";
    check_answer_head(entry, head);
}

void ScriptedClient::check_answer_head(Entry& entry, const WireHead& head) {
    const Plan& plan = entry.plan;
    const std::string id = std::to_string(plan.id);
    from_origin_ = head.has("x-id");
    if (!from_origin_) {
        const bool broken = !plan.malformed.empty() || plan.malformed_body;
        const bool due = broken ? head.status() >= 400
                                : (head.status() >= 502 && head.status() <= 504) ||
                                      (head.status() == 429 && script_.may_be_rate_limited);
        if (!due) {
            ledger_.violation("request " + id + " got " + head.start_line +
                              " from the proxy itself");
        }
        if (ledger_.on_turned_away) ledger_.on_turned_away(entry);
        return;
    }
    entry.answered_by_origin = true;
    attempt_ = static_cast<std::size_t>(number(head.value("x-attempt")));
    if (head.value("x-id") != id) {
        ledger_.violation("request " + id + " got the answer to " +
                          std::string(head.value("x-id")));
    } else if (attempt_ >= entry.attempts.size() || !entry.attempts[attempt_].answer_began) {
        ledger_.violation("request " + id + " got an answer that no origin gave");
    }
    const int status =
        attempt_ < entry.attempts.size() ? entry.attempts[attempt_].status : plan.status;
    if (head.status() != status)
        ledger_.violation("request " + id + " got status " + std::to_string(head.status()));
    if (head.value("x-pad") != ledger_.padding(plan.id, plan.answer_padding_bytes)) {
        ledger_.violation("request " + id + " got a changed field");
    }
    if (head.has("x-hop"))
        ledger_.violation("request " + id + " got a hop-by-hop field of the origin");
}

void ScriptedClient::on_body(std::string_view bytes) {
    if (waiting_.empty()) return;
    const Entry& entry = *waiting_.front();
    if (from_origin_ &&
        !body_matches(ledger_.answer_key(entry.plan.id, attempt_), answer_offset_, bytes)) {
        ledger_.violation("request " + std::to_string(entry.plan.id) + " got a wrong byte in [" +
                          std::to_string(answer_offset_) + ", +" + std::to_string(bytes.size()) +
                          ")");
    }
    answer_offset_ += bytes.size();
}

void ScriptedClient::on_end() {
    if (waiting_.empty()) return;
    Entry& entry = *waiting_.front();
    const Plan& plan = entry.plan;
    const std::string id = std::to_string(plan.id);
    waiting_.pop_front();
    answer_began_ = false;
    ledger_.trace(script_.name, "has the whole answer to " + id);
    if (from_origin_) {
        const int status = entry.answer_status;
        const bool bodiless = plan.method == "HEAD" || status == 204 || status == 304;
        const std::uint64_t bytes = attempt_ < entry.attempts.size()
                                        ? entry.attempts[attempt_].answer_bytes
                                        : plan.answer_bytes;
        if (answer_offset_ != (bodiless ? 0 : bytes)) {
            ledger_.violation("request " + id + " got a whole answer of " +
                              std::to_string(answer_offset_) + " bytes instead of " +
                              std::to_string(bytes));
        }
        entry.fault_passed_on = attempt_ < entry.attempts.size() && entry.attempts[attempt_].fault;
        if (attempt_ < entry.attempts.size() && !entry.attempts[attempt_].answer_complete) {
            ledger_.violation("request " + id +
                              " got a whole answer although the origin's was cut");
        }
    }
    entry.complete = true;
    const bool unsent = current_ == &entry && (sending_ == Sending::awaiting_continue ||
                                               (sending_ == Sending::body && close_announced_));
    if (unsent) {  // answered before the body went: it never goes
        out_.clear();
        sending_ = Sending::over;
    }
    if (close_announced_ || plan.close) {
        sending_ = Sending::over;
        out_.clear();
        waiting_.clear();  // an answer to those would be one too many
    } else if (unsent) {
        reader_->stop();
        end_->close();
        end_connection("answered before its body");
    }
}

}  // namespace ringway::sim
