#include "ringway/health/probe.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <utility>
#include <vector>

#include "link.h"
#include "probe_http.h"
#include "ringway/health/content.h"

namespace ringway::health {

namespace {

constexpr std::uint32_t kRedirectsMax = 3;
// A warm connection that was idle for longer is not trusted: what stands between may have forgotten
// it without a word.
constexpr base::Duration kWarmIdleMax = std::chrono::seconds(60);
constexpr std::size_t kAgentBytesMax = 4096;

base::SocketAddress with_port(const base::SocketAddress& to, std::uint16_t port) {
    if (port == 0 || !to.is_ip()) return to;
    if (to.family() == AF_INET) {
        sockaddr_in v4 = *reinterpret_cast<const sockaddr_in*>(to.raw());
        v4.sin_port = htons(port);
        return base::SocketAddress::from_kernel(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
    }
    sockaddr_in6 v6 = *reinterpret_cast<const sockaddr_in6*>(to.raw());
    v6.sin6_port = htons(port);
    return base::SocketAddress::from_kernel(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
}

ProbeEnd end_of(ring::Error error) {
    switch (error) {
        case ring::Error::none:  // FIN
        case ring::Error::reset:
            return ProbeEnd::reset;
        case ring::Error::refused:
        case ring::Error::not_found:
            return ProbeEnd::refused;
        case ring::Error::timed_out:
            return ProbeEnd::timed_out;
        case ring::Error::unreachable:
        case ring::Error::no_permission:  // of a unix socket, or a filter's word
        case ring::Error::other:
            return ProbeEnd::unreachable;
        case ring::Error::again:  // no local port, or the backlog of a unix socket is full
        case ring::Error::canceled:
        case ring::Error::no_descriptors:
        case ring::Error::no_memory:
        case ring::Error::address_in_use:
            return ProbeEnd::local_fault;
    }
    return ProbeEnd::local_fault;
}

/// True when an agent's answer is whole: its first line, or a JSON object to its last brace.
bool is_whole_report(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return false;
    if (text[start] != '{') return text.find('\n', start) != std::string_view::npos;
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = start; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            return true;
        }
    }
    return false;
}

std::string in_words(base::Duration took) {
    return fmt::format("{:.3g} ms", static_cast<double>(took.count()) / 1e6);
}

}  // namespace

struct Probe::Machine final : LinkOwner {
    Machine(Probe& probe_in, ring::Ring& ring_in, base::TimerWheel& fine_in,
            const config::HealthCheck& check_in, const config::Upstream& upstream_in,
            const ProbeIdentity& identity_in, ProbeOwner& owner_in)
        : probe(probe_in),
          ring(ring_in),
          fine(fine_in),
          check(check_in),
          upstream(upstream_in),
          identity(identity_in),
          owner(owner_in) {}

    enum class State : std::uint8_t { rest, connecting, asking };

    bool speaks_http() const {
        return check.kind == config::CheckKind::http ||
               (check.kind == config::CheckKind::agent && !check.path.empty());
    }
    /// Where a failure now lies.
    Layer layer() const {
        if (state == State::connecting || !speaks_http()) return Layer::network;
        return Layer::http;
    }

    void start(const base::SocketAddress& address, base::Instant deadline, const Patience& with);
    void begin_step(State next);
    void arm_overdue();
    void connect();
    void on_link_connected(Link& from, ring::Error error) override;
    void ask();
    void on_link_sent(Link& from) override;
    void on_link_bytes(Link& from, std::string_view bytes) override;
    void on_link_ended(Link& from, ring::Error error) override;
    void take_raw(std::string_view bytes);
    void take_http(std::string_view bytes);
    void judge(AnswerReader::Progress progress);
    bool redirect(bool reusable);
    void on_deadline();
    void on_overdue();
    void finish(ProbeEnd end, Layer at, bool reusable);
    void let_go();
    Link& free_link();

    Probe& probe;
    ring::Ring& ring;
    base::TimerWheel& fine;
    const config::HealthCheck& check;
    const config::Upstream& upstream;
    const ProbeIdentity& identity;
    ProbeOwner& owner;

    State state = State::rest;
    Patience patience;
    base::Instant step_started{};
    base::TimerOf<&Machine::on_deadline> deadline_timer{*this};
    base::TimerOf<&Machine::on_overdue> overdue_timer{*this};
    std::vector<std::unique_ptr<Link>> links;  // the one in use, and those on their way home
    Link* link = nullptr;                      // in use, or warm
    base::Instant warm_since{};
    bool reused = false;     // the answer is awaited on a connection that was warm
    bool no_socket = false;  // none could be opened: told from the timer
    ProbeResult result;
    base::SocketAddress to;
    CheckTarget asked;
    std::uint32_t redirects = 0;
    std::size_t bytes_in = 0;  // of this answer
    AnswerReader reader;
    std::string raw;  // of an answer that is not HTTP
    std::string detail;
};

void Probe::Machine::start(const base::SocketAddress& address, base::Instant deadline,
                           const Patience& with) {
    RW_ASSERT(state == State::rest);
    result = ProbeResult{.started = ring.now()};
    patience = with;
    to = with_port(address, check.port);
    asked = {check.kind == config::CheckKind::http ? check.method : "GET", check.path};
    redirects = 0;
    detail.clear();
    fine.set(deadline_timer, deadline);
    const bool is_warm =
        link != nullptr && link->peer() == to && ring.now() - warm_since <= kWarmIdleMax;
    if (is_warm) {
        reused = true;
        ask();
        return;
    }
    let_go();
    connect();
}

void Probe::Machine::begin_step(State next) {
    state = next;
    step_started = ring.now();
    arm_overdue();
}

void Probe::Machine::arm_overdue() {
    const base::Duration wait = state == State::connecting ? patience.connect : patience.answer;
    const bool endless = wait > base::kNever - step_started;
    fine.set(overdue_timer, endless ? base::kNever : step_started + wait);
}

void Probe::Machine::connect() {
    reused = false;
    begin_step(State::connecting);
    link = &free_link();
    const ring::Error error = link->connect(to);
    if (error == ring::Error::none) return;
    link = nullptr;
    no_socket = true;
    detail = ring::name_of(error);
    fine.set(deadline_timer, ring.now());
}

void Probe::Machine::on_link_connected(Link& from, ring::Error error) {
    RW_ASSERT(&from == link && state == State::connecting);
    if (error != ring::Error::none) {
        detail = ring::name_of(error);
        finish(end_of(error), Layer::network, false);
        return;
    }
    result.connect = ring.now() - step_started;
    result.round_trip = result.connect;
    if (check.kind == config::CheckKind::tcp && check.send.empty() && check.expect.empty()) {
        result.latency = result.connect;
        finish(ProbeEnd::passed, Layer::network, false);
        return;
    }
    ask();
}

void Probe::Machine::ask() {
    begin_step(State::asking);
    bytes_in = 0;
    raw.clear();
    std::string request = check.send;
    if (speaks_http()) {
        const std::int64_t unix_now =
            base::to_ns(ring.now().time_since_epoch()) + identity.unix_offset_ns;
        reader.start(check, asked.method, unix_now);
        request = write_check_request(check, upstream, identity, asked);
    }
    if (request.empty()) return;  // the other side speaks first
    switch (link->send(std::move(request))) {
        case Link::Sent::all:
            on_link_sent(*link);
            return;
        case Link::Sent::queued:
            return;
        case Link::Sent::failed:
            // The receive tells why, and whether an answer came before; only a warm connection is
            // not waited for.
            if (!reused) return;
            let_go();
            connect();
            return;
    }
}

void Probe::Machine::on_link_sent(Link& from) {
    RW_ASSERT(&from == link);
    if (state != State::asking || check.kind != config::CheckKind::tcp || !check.expect.empty()) {
        return;
    }
    result.latency = ring.now() - step_started;
    finish(ProbeEnd::passed, Layer::network, false);
}

void Probe::Machine::on_link_bytes(Link& from, std::string_view bytes) {
    if (&from != link) return;
    if (state == State::rest) {  // nobody asked for anything
        let_go();
        return;
    }
    RW_ASSERT(state == State::asking);
    if (bytes_in == 0) {
        result.answered = ring.now() - step_started;
        if (reused) {
            const base::Duration least = ring.least_round_trip_of(link->descriptor());
            result.round_trip =
                least > base::Duration(0) ? std::min(least, result.answered) : result.answered;
        }
    }
    bytes_in += bytes.size();
    if (speaks_http()) {
        judge(reader.take(bytes));
    } else {
        take_raw(bytes);
    }
}

void Probe::Machine::take_raw(std::string_view bytes) {
    const bool is_agent = check.kind == config::CheckKind::agent;
    const std::size_t wanted = is_agent ? kAgentBytesMax : check.expect.size();
    raw.append(bytes.substr(0, wanted - std::min(wanted, raw.size())));
    result.latency = ring.now() - step_started;
    if (is_agent) {
        if (is_whole_report(raw) || raw.size() == kAgentBytesMax) {
            finish(ProbeEnd::passed, Layer::content, false);
        }
        return;
    }
    if (!check.expect.starts_with(raw)) {
        detail = "the answer does not start as expected";
        finish(ProbeEnd::malformed, Layer::network, false);
    } else if (raw.size() == check.expect.size()) {
        finish(ProbeEnd::passed, Layer::network, false);
    }
}

void Probe::Machine::judge(AnswerReader::Progress progress) {
    if (progress == AnswerReader::Progress::more) return;
    if (progress == AnswerReader::Progress::malformed) {
        detail = reader.fault();
        finish(ProbeEnd::malformed, Layer::http, false);
        return;
    }
    const bool reusable =
        progress == AnswerReader::Progress::whole && check.keep_alive && reader.keep_alive();
    result.status = reader.status();
    result.latency = ring.now() - step_started;
    if (!reader.is_expected()) {
        if (redirect(reusable)) return;
        if (detail.empty()) detail = fmt::format("{} {}", reader.status(), reader.reason());
        const std::uint16_t status = reader.status();
        result.retry_after = reader.retry_after();
        finish(status == 429                    ? ProbeEnd::rate_limited
               : status == 401 || status == 403 ? ProbeEnd::credentials
                                                : ProbeEnd::bad_status,
               Layer::http, reusable);
        return;
    }
    if (check.kind == config::CheckKind::http && check.content.empty()) {
        finish(ProbeEnd::passed, Layer::http, reusable);
        return;
    }
    const auto sound = check_content(check.content, reader.body(), reader.is_cut());
    if (!sound) detail = sound.error();
    finish(sound ? ProbeEnd::passed : ProbeEnd::bad_content, Layer::content, reusable);
}

/// True when the answer was a redirect that is followed.
bool Probe::Machine::redirect(bool reusable) {
    const std::uint16_t status = reader.status();
    const bool is_redirect =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!check.follow_redirects || !is_redirect || reader.location().empty()) return false;
    if (redirects == kRedirectsMax) {
        detail = fmt::format("{}: more than {} redirects", status, kRedirectsMax);
        return false;
    }
    auto next = follow(asked, status, reader.location(), host_of(check, upstream));
    if (!next) {
        detail = fmt::format("{}: leads to {}", status, reader.location().substr(0, 80));
        return false;
    }
    ++redirects;
    asked = std::move(*next);
    if (reusable) {
        reused = true;
        ask();
    } else {
        let_go();
        connect();
    }
    return true;
}

void Probe::Machine::on_link_ended(Link& from, ring::Error error) {
    if (&from != link) return;
    if (state == State::rest) {
        let_go();
        return;
    }
    RW_ASSERT(state == State::asking);
    if (reused && bytes_in == 0) {
        let_go();
        connect();
        return;
    }
    if (error == ring::Error::none) {
        if (speaks_http() && reader.end() == AnswerReader::Progress::whole) {
            judge(AnswerReader::Progress::whole);
            return;
        }
        if (check.kind == config::CheckKind::agent && !speaks_http() && !raw.empty()) {
            finish(ProbeEnd::passed, Layer::content, false);
            return;
        }
    }
    detail = fmt::format("{} {} the answer",
                         error == ring::Error::none ? "closed" : ring::name_of(error),
                         bytes_in == 0 ? "before" : "inside");
    finish(end_of(error), layer(), false);
}

void Probe::Machine::on_deadline() {
    if (std::exchange(no_socket, false)) {
        finish(ProbeEnd::local_fault, Layer::network, false);
        return;
    }
    detail = fmt::format("{} within {}", state == State::connecting ? "no connection" : "no answer",
                         in_words(ring.now() - result.started));
    finish(ProbeEnd::timed_out, layer(), false);
}

void Probe::Machine::on_overdue() { owner.on_probe_overdue(probe); }

void Probe::Machine::finish(ProbeEnd end, Layer at, bool reusable) {
    fine.clear(deadline_timer);
    fine.clear(overdue_timer);
    state = State::rest;
    warm_since = ring.now();
    if (!reusable) let_go();
    result.end = end;
    result.layer = at;
    if (end != ProbeEnd::passed && end != ProbeEnd::bad_status && end != ProbeEnd::bad_content &&
        end != ProbeEnd::rate_limited && end != ProbeEnd::credentials) {
        result.latency = base::Duration(-1);
    }
    // The owner may start the probe anew from within: what it is told must outlive that.
    ProbeResult told = result;
    const std::string told_detail = std::exchange(detail, {});
    const std::string told_body = speaks_http() ? reader.body() : std::exchange(raw, {});
    told.detail = told_detail;
    told.body = told_body;
    owner.on_probe_ended(probe, told);
}

void Probe::Machine::let_go() {
    if (link != nullptr) std::exchange(link, nullptr)->close();
}

Link& Probe::Machine::free_link() {
    for (const auto& candidate : links) {
        if (candidate->is_home()) return *candidate;
    }
    return *links.emplace_back(std::make_unique<Link>(ring, *this));
}

// -- the door --

Probe::Probe(ring::Ring& ring, base::TimerWheel& fine, const config::HealthCheck& check,
             const config::Upstream& upstream, const ProbeIdentity& identity, ProbeOwner& owner)
    : machine_(std::make_unique<Machine>(*this, ring, fine, check, upstream, identity, owner)) {}

Probe::~Probe() { RW_ASSERT(at_rest()); }

bool Probe::running() const { return machine_->state != Machine::State::rest; }

base::Duration Probe::waited() const {
    RW_ASSERT(running());
    return machine_->ring.now() - machine_->step_started;
}

void Probe::start(const base::SocketAddress& to, base::Instant deadline, const Patience& patience) {
    machine_->start(to, deadline, patience);
}

void Probe::set_patience(const Patience& patience) {
    machine_->patience = patience;
    if (running()) machine_->arm_overdue();
}

void Probe::stop() {
    Machine& machine = *machine_;
    machine.fine.clear(machine.deadline_timer);
    machine.fine.clear(machine.overdue_timer);
    machine.state = Machine::State::rest;
    machine.no_socket = false;
    machine.let_go();
}

bool Probe::at_rest() const {
    if (running()) return false;
    for (const auto& link : machine_->links) {
        if (!link->is_home()) return false;
    }
    return true;
}

const config::HealthCheck& Probe::check() const { return machine_->check; }

}  // namespace ringway::health
