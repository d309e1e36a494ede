// The book of one run: what every request and answer is to carry, what became of each, and every
// broken promise. Clients and origins write it from both sides of the proxy, so that a byte of
// another exchange, a second answer or a second sending of a request shows as soon as it happens.
// Owned by a World; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/prng.h"
#include "sim_net.h"

namespace ringway::sim {

enum class AnswerFraming : std::uint8_t { length, chunked, until_close };

/// What one request is, and which answer it asks for.
struct Plan {
    std::uint64_t id = 0;
    std::string method = "GET";
    std::uint64_t body_bytes = 0;
    bool chunked = false;           // the request's body
    bool trailers = false;          // of a chunked body
    bool http10 = false;            // of version 1.0, so without a chunk and without keep-alive
    bool expect = false;            // Expect: 100-continue
    bool close = false;             // Connection: close
    bool hop_by_hop = false;        // with a field that ends at the proxy
    std::size_t padding_bytes = 0;  // of a field that must arrive as it is
    std::string malformed;          // sent instead of all of this; never to reach an origin
    bool malformed_body = false;    // the chunked body breaks off in garbage

    int status = 200;
    std::uint64_t answer_bytes = 0;
    AnswerFraming answer_framing = AnswerFraming::length;
    bool answer_trailers = false;
    int interims = 0;  // 103 responses before the answer
    Duration answer_delay{0};
    std::size_t answer_padding_bytes = 0;

    bool has_body() const { return chunked || body_bytes > 0; }
    bool repeatable() const { return method != "POST"; }
};

/// One arrival of the request's complete head at an origin, and the answer that it gives.
struct Attempt {
    int status = 200;
    std::uint64_t answer_bytes = 0;
    AnswerFraming answer_framing = AnswerFraming::length;
    bool fault = false;  // not the planned answer, but one that says that there is none
    bool answer_began = false;
    bool answer_complete = false;  // every byte of it was written, and its end
};

/// One time that the proxy began to write the request to an upstream.
struct Send {
    std::size_t upstream = 0;
    std::size_t shard = 0;
    Instant at{};
    Instant dialled_at{};  // its connection
    bool reused = false;   // not the first request on its connection
    bool trial = false;    // its upstream's breaker was half open
    int status = 0;        // of the final head that the proxy has read; 0: none
    Instant answered_at{};
};

struct Entry {
    Plan plan;
    std::vector<Attempt> attempts;
    std::vector<Send> sends;  // where a tap sees them
    // the connection ended before any answer to it, and no answer before it said so
    bool unanswered = false;
    int bodies_complete = 0;  // at origins
    bool started = false;     // its client wrote a byte of it
    int answers = 0;          // final heads at the client
    int answer_status = 0;
    bool answered_by_origin = false;
    bool fault_passed_on = false;           // the whole answer is that of an upstream's fault
    bool complete = false;                  // the client has the whole answer
    Instant client_gone_at = base::kNever;  // it reset its connection while this was not answered

    /// Every arrival but the last was turned down without being acted on (429, 401).
    bool were_refused() const;
};

/// The byte at `offset` of the body that belongs to `key`.
char body_byte(std::uint64_t key, std::uint64_t offset);
std::string body_piece(std::uint64_t key, std::uint64_t offset, std::size_t bytes);
bool body_matches(std::uint64_t key, std::uint64_t offset, std::string_view bytes);

class Ledger {
 public:
    Ledger(std::uint64_t seed, const SimNet& net, bool trace)
        : seed_(seed), net_(net), trace_(trace) {}

    Entry& add(Plan plan);
    /// nullptr when no request has this id.
    Entry* find(std::uint64_t id);
    const std::map<std::uint64_t, Entry>& entries() const { return entries_; }

    std::uint64_t request_key(std::uint64_t id) const;
    std::uint64_t answer_key(std::uint64_t id, std::size_t attempt) const;
    /// The value of the field that must arrive as it is.
    std::string padding(std::uint64_t id, std::size_t bytes) const;

    /// Called with what the proxy itself has answered.
    std::function<void(const Entry&)> on_turned_away;

    /// From now on a client may find nobody listening.
    void set_draining() { draining_ = true; }
    bool draining() const { return draining_; }

    void violation(const std::string& sentence);
    const std::vector<std::string>& violations() const { return violations_; }
    /// A line of the run's story, printed when asked for.
    void trace(std::string_view who, const std::string& what) const;

 private:
    std::uint64_t seed_;
    const SimNet& net_;
    bool trace_;
    bool draining_ = false;
    std::map<std::uint64_t, Entry> entries_;
    std::vector<std::string> violations_;
};

}  // namespace ringway::sim
