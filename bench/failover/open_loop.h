// The open-loop client of bench/failover: requests at fixed times, whatever became of the ones
// before. A request takes an idle connection or opens one, as many independent clients would, and
// never waits for another one. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/socket_address.h"
#include "ringway/http/chunked.h"
#include "ringway/http/head.h"

namespace bench {

enum class Failure : std::uint8_t {
    none,
    refused,    // the connection could not be opened
    reset,      // it ended with an error
    cut,        // it ended before the answer did
    timed_out,  // no whole answer in time
    malformed,  // not HTTP
};

/// What became of one request; a record of the file, in the machine's byte order. Times are
/// CLOCK_MONOTONIC. figures.py reads it.
struct Record {
    std::uint64_t id = 0;
    std::int64_t intended_ns = 0;
    std::int64_t begun_ns = 0;  // the client turned to it: later than intended when it was held up
    std::int64_t done_ns = 0;
    std::uint16_t status = 0;  // 0: none came
    Failure failure = Failure::none;
    std::uint8_t origin = kNoOrigin;  // the number that X-Origin of the answer says
    std::uint32_t connection = 0;

    static constexpr std::uint8_t kNoOrigin = 255;
};
static_assert(sizeof(Record) == 40);

struct OpenLoopSettings {
    ringway::base::SocketAddress connect;
    double rate = 400;  // requests a second
    std::int64_t duration_ns = 0;
    std::int64_t timeout_ns = 0;  // of a request, from its intended time
};

class OpenLoop {
 public:
    explicit OpenLoop(const OpenLoopSettings& settings);
    ~OpenLoop();
    OpenLoop(const OpenLoop&) = delete;
    OpenLoop& operator=(const OpenLoop&) = delete;

    /// Runs until every request has ended, or `stop` is not 0: then what is under way is forgotten.
    void run(const volatile int& stop);
    /// By intended time; those without done_ns were not made or not ended.
    const std::vector<Record>& records() const { return records_; }

 private:
    enum class State : std::uint8_t { connecting, idle, waiting };
    struct Connection {
        int socket = -1;
        std::uint32_t number = 0;
        State state = State::connecting;
        Record* record = nullptr;  // of the request under way
        std::string received;
        std::uint32_t scanned = 0;  // of an incomplete head
        bool in_body = false;       // true exactly when the head is complete
        bool keep_alive = true;
        ringway::http::Framing framing = ringway::http::Framing::none;
        std::uint64_t left = 0;  // body bytes still to come, when framed by length
        ringway::http::ChunkedDecoder decoder;
    };

    void issue_due(std::int64_t now);
    void begin(Record& record);
    void transmit(Connection& connection);
    void watch(Connection& connection, std::uint32_t events, int operation);
    void on_event(Connection& connection, std::uint32_t events);
    void on_bytes(Connection& connection);
    void on_end(Connection& connection, Failure failure);
    bool take_head(Connection& connection);
    void take_body(Connection& connection);
    void finish(Connection& connection);
    void fail(Connection& connection, Failure failure);
    void close(Connection& connection);
    void expire(std::int64_t now);
    std::int64_t next_moment() const;

    OpenLoopSettings settings_;
    std::int64_t period_ns_ = 0;
    int poll_ = -1;
    std::vector<Record> records_;
    std::vector<Connection*> in_flight_;  // [record]; nullptr: not begun or over
    std::size_t next_ = 0;                // record to begin
    std::size_t oldest_ = 0;              // no request before it is under way
    std::size_t under_way_ = 0;
    std::vector<std::unique_ptr<Connection>> connections_;  // [number]
    std::vector<Connection*> idle_;
    std::vector<std::uint32_t> closed_;  // numbers whose Connection may go after this turn
    ringway::http::ResponseHead head_;
};

}  // namespace bench
