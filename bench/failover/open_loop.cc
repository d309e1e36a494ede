#include "open_loop.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "ringway/base/assert.h"

namespace bench {

namespace http = ringway::http;

namespace {

std::int64_t now_ns() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::uint8_t origin_of(const http::ResponseHead& head) {
    const http::Field* field = head.fields.find("x-origin");
    if (field == nullptr || field->value.size() != 1) return Record::kNoOrigin;
    return static_cast<std::uint8_t>(field->value.front() - '0');
}

}  // namespace

OpenLoop::OpenLoop(const OpenLoopSettings& settings)
    : settings_(settings),
      period_ns_(static_cast<std::int64_t>(1e9 / settings.rate)),
      poll_(epoll_create1(EPOLL_CLOEXEC)) {
    RW_ASSERT(poll_ >= 0);
    records_.resize(static_cast<std::size_t>(settings.duration_ns / period_ns_));
    in_flight_.resize(records_.size());
}

OpenLoop::~OpenLoop() {
    for (const auto& connection : connections_) {
        if (connection && connection->socket >= 0) ::close(connection->socket);
    }
    ::close(poll_);
}

void OpenLoop::run(const volatile int& stop) {
    const std::int64_t begun = now_ns() + 1'000'000;
    for (std::size_t i = 0; i < records_.size(); ++i) {
        records_[i].id = i + 1;
        records_[i].intended_ns = begun + static_cast<std::int64_t>(i) * period_ns_;
    }
    while (stop == 0 && (next_ < records_.size() || under_way_ > 0)) {
        const std::int64_t wait = std::max<std::int64_t>(next_moment() - now_ns(), 0);
        const timespec time{wait / 1'000'000'000, wait % 1'000'000'000};
        std::array<epoll_event, 64> events;
        const int count =
            epoll_pwait2(poll_, events.data(), static_cast<int>(events.size()), &time, nullptr);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            auto& connection = *static_cast<Connection*>(event.data.ptr);
            if (connection.socket >= 0) on_event(connection, event.events);
        }
        const std::int64_t now = now_ns();
        expire(now);
        issue_due(now);
        for (const std::uint32_t number : closed_) connections_[number].reset();
        closed_.clear();
    }
}

std::int64_t OpenLoop::next_moment() const {
    std::int64_t next = now_ns() + 1'000'000'000;
    if (next_ < records_.size()) next = std::min(next, records_[next_].intended_ns);
    if (under_way_ > 0) next = std::min(next, records_[oldest_].intended_ns + settings_.timeout_ns);
    return next;
}

void OpenLoop::issue_due(std::int64_t now) {
    for (; next_ < records_.size() && records_[next_].intended_ns <= now; ++next_)
        begin(records_[next_]);
}

void OpenLoop::begin(Record& record) {
    ++under_way_;
    record.begun_ns = now_ns();
    Connection* connection = nullptr;
    if (!idle_.empty()) {
        connection = idle_.back();
        idle_.pop_back();
    } else {
        connections_.push_back(std::make_unique<Connection>());
        connection = connections_.back().get();
        connection->number = static_cast<std::uint32_t>(connections_.size() - 1);
    }
    connection->record = &record;
    record.connection = connection->number;
    in_flight_[next_] = connection;
    if (connection->socket >= 0) return transmit(*connection);

    connection->socket = socket(settings_.connect.family(), SOCK_STREAM | SOCK_NONBLOCK, 0);
    RW_ASSERT(connection->socket >= 0);
    const int on = 1;
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const int connected =
        connect(connection->socket, settings_.connect.raw(), settings_.connect.raw_size());
    if (connected != 0 && errno != EINPROGRESS) return fail(*connection, Failure::refused);
    watch(*connection, EPOLLOUT, EPOLL_CTL_ADD);
}

void OpenLoop::watch(Connection& connection, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    RW_ASSERT(epoll_ctl(poll_, operation, connection.socket, &event) == 0);
}

void OpenLoop::transmit(Connection& connection) {
    connection.state = State::waiting;
    const std::string request = fmt::format(
        "GET /r/{} HTTP/1.1\r\nHost: failover.example\r\nUser-Agent: open_loop\r\n"
        "Accept: */*\r\n\r\n",
        connection.record->id);
    const ssize_t sent =
        send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // an idle connection has room for a request, so less than all of it is an error
    if (sent != static_cast<ssize_t>(request.size())) fail(connection, Failure::reset);
}

void OpenLoop::on_event(Connection& connection, std::uint32_t events) {
    if (connection.state == State::connecting) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) return fail(connection, Failure::refused);
        watch(connection, EPOLLIN, EPOLL_CTL_MOD);
        return transmit(connection);
    }
    std::array<char, 16384> bytes;
    while (connection.socket >= 0) {
        const ssize_t got = recv(connection.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return on_end(connection, got < 0 ? Failure::reset : Failure::cut);
        connection.received.append(bytes.data(), static_cast<std::size_t>(got));
        on_bytes(connection);
    }
}

void OpenLoop::on_end(Connection& connection, Failure failure) {
    if (connection.state == State::idle) {
        std::erase(idle_, &connection);
        return close(connection);
    }
    const bool ends_body = connection.in_body && connection.framing == http::Framing::until_close;
    if (ends_body && failure == Failure::cut) return finish(connection);
    fail(connection, failure);
}

void OpenLoop::on_bytes(Connection& connection) {
    if (connection.state == State::idle) {  // nothing was asked for
        std::erase(idle_, &connection);
        return close(connection);
    }
    if (!connection.in_body && !take_head(connection)) return;
    take_body(connection);
}

/// True when the head of the final response is complete.
bool OpenLoop::take_head(Connection& connection) {
    for (;;) {
        const http::HeadError error = http::parse_response_head(
            connection.received, http::HeadLimits{}, http::Method::get, connection.scanned, head_);
        if (error == http::HeadError::incomplete) return false;
        if (error != http::HeadError::none) {
            fail(connection, Failure::malformed);
            return false;
        }
        const bool interim = head_.status < 200;
        if (!interim) {
            connection.record->status = head_.status;
            connection.record->origin = origin_of(head_);
        }
        connection.received.erase(0, head_.size);
        if (!interim) break;
    }
    connection.in_body = true;
    connection.keep_alive = head_.keep_alive;
    connection.framing = head_.framing;
    connection.left = head_.framing == http::Framing::length ? head_.content_length : 0;
    connection.decoder.reset();
    return true;
}

void OpenLoop::take_body(Connection& connection) {
    switch (connection.framing) {
        case http::Framing::none:
            return finish(connection);
        case http::Framing::length: {
            const std::size_t bytes =
                std::min<std::uint64_t>(connection.left, connection.received.size());
            connection.left -= bytes;
            connection.received.erase(0, bytes);
            if (connection.left == 0) finish(connection);
            return;
        }
        case http::Framing::until_close:
            connection.received.clear();
            return;
        case http::Framing::chunked:
            break;
    }
    while (!connection.received.empty()) {
        const http::ChunkedDecoder::Step step = connection.decoder.next(connection.received);
        connection.received.erase(0, step.consumed);
        if (step.state == http::ChunkedDecoder::State::done) return finish(connection);
        if (step.state == http::ChunkedDecoder::State::error)
            return fail(connection, Failure::malformed);
        if (step.consumed == 0) return;
    }
}

void OpenLoop::finish(Connection& connection) {
    Record& record = *connection.record;
    record.done_ns = now_ns();
    in_flight_[record.id - 1] = nullptr;
    --under_way_;
    connection.record = nullptr;
    connection.in_body = false;
    const bool reusable = connection.keep_alive && connection.received.empty() &&
                          connection.framing != http::Framing::until_close;
    if (!reusable) return close(connection);
    connection.state = State::idle;
    idle_.push_back(&connection);
}

void OpenLoop::fail(Connection& connection, Failure failure) {
    connection.record->failure = failure;
    connection.keep_alive = false;
    finish(connection);
}

void OpenLoop::close(Connection& connection) {
    ::close(connection.socket);
    connection.socket = -1;
    closed_.push_back(connection.number);
}

void OpenLoop::expire(std::int64_t now) {
    for (; oldest_ < next_; ++oldest_) {
        if (in_flight_[oldest_] == nullptr) continue;
        if (records_[oldest_].intended_ns + settings_.timeout_ns > now) return;
        fail(*in_flight_[oldest_], Failure::timed_out);
    }
}

}  // namespace bench
