// The HTTP of a check: the request as it is sent, and the answer read as it arrives, up to what
// decides. Pure; owned by a Probe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/config/config.h"
#include "ringway/health/probe.h"
#include "ringway/http/chunked.h"
#include "ringway/http/head.h"

namespace ringway::health {

/// What is asked, which redirects change.
struct CheckTarget {
    std::string method;
    std::string target;  // path and query
};

/// The Host field of a check.
std::string host_of(const config::HealthCheck& check, const config::Upstream& upstream);

/// One request. The check's own headers are laid over the upstream's; what a check says of itself
/// and the framing cannot be edited.
std::string write_check_request(const config::HealthCheck& check, const config::Upstream& upstream,
                                const ProbeIdentity& identity, const CheckTarget& asked);

/// Where a redirect leads: the next thing to ask, or nothing when it leaves the host, or cannot be
/// asked. `host`: as host_of() gave it.
std::optional<CheckTarget> follow(const CheckTarget& asked, std::uint16_t status,
                                  std::string_view location, std::string_view host);

class AnswerReader {
 public:
    enum class Progress : std::uint8_t {
        more,
        whole,      // the message has ended
        enough,     // the rest decides nothing
        malformed,  // fault() says how
    };

    /// The next answer, to a request of this method. Keeps the check's max_body of its body; the
    /// rest is not waited for.
    void start(const config::HealthCheck& check, std::string_view method, std::int64_t unix_now_ns);
    Progress take(std::string_view bytes);
    /// The peer's FIN. `more` when the message is not whole.
    Progress end();

    /// Valid once the head is there.
    bool has_head() const { return has_head_; }
    std::uint16_t status() const { return status_; }
    const std::string& reason() const { return reason_; }
    bool is_expected() const { return is_expected_; }
    const std::string& location() const { return location_; }
    base::Duration retry_after() const { return retry_after_; }
    /// The connection may carry another request, when the answer is whole.
    bool keep_alive() const { return keep_alive_; }
    const std::string& body() const { return body_; }
    /// The body is longer than what is kept.
    bool is_cut() const { return is_cut_; }
    std::string_view fault() const { return fault_; }

 private:
    enum class Read : std::uint8_t { incomplete, interim, final, malformed };
    Read read_head();
    void note(const http::ResponseHead& head);
    Progress take_body(std::string_view bytes);
    void keep(std::string_view payload);

    const config::HealthCheck* check_ = nullptr;
    http::Method method_ = http::Method::get;
    std::int64_t unix_now_ns_ = 0;
    std::string head_;  // until it is whole
    std::uint32_t head_size_ = 0;
    std::uint32_t scanned_ = 0;
    std::uint32_t interim_count_ = 0;
    bool has_head_ = false;
    bool is_expected_ = false;
    bool keep_alive_ = false;
    bool is_cut_ = false;
    bool body_done_ = false;
    std::uint16_t status_ = 0;
    std::string reason_;
    std::string location_;
    base::Duration retry_after_{0};
    http::Framing framing_ = http::Framing::none;
    std::uint64_t left_ = 0;  // of Framing::length
    http::ChunkedDecoder chunked_;
    std::string body_;
    std::string_view fault_;
};

}  // namespace ringway::health
