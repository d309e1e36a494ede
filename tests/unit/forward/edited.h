// Heads parsed from text and written out again, for tests of what the head writer makes of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "ringway/forward/gather.h"
#include "ringway/forward/head_writer.h"
#include "ringway/http/head.h"

namespace ringway::forward {

/// Everything that the gather would send, in one string.
inline std::string text_of(const Gather& gather) {
    std::string text;
    for (const iovec& piece : gather.pieces())
        text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return text;
}

inline config::HeaderEdit set_field(std::string name, std::string value) {
    return {config::HeaderEdit::Kind::set, std::move(name), std::move(value)};
}
inline config::HeaderEdit add_field(std::string name, std::string value) {
    return {config::HeaderEdit::Kind::add, std::move(name), std::move(value)};
}
inline config::HeaderEdit remove_field(std::string name) {
    return {config::HeaderEdit::Kind::remove, std::move(name), ""};
}

/// Limits that no test meets by chance.
inline constexpr http::HeadLimits kWideLimits{
    .bytes_max = 1 << 20,
    .fields_max = static_cast<std::uint32_t>(base::kFieldsMax),
    .target_bytes_max = 1 << 20};

/// What the gather's pieces lie in; only its address is looked at.
struct Received {
    ring::Buffer buffer;
    ring::Buffer* owner() { return &buffer; }
};

/// A request on its way through the head writer. The edit's members are set between parse and
/// written().
class EditedRequest {
 public:
    explicit EditedRequest(std::string text) : text_(std::move(text)) {
        std::uint32_t scanned = 0;
        const auto error = http::parse_request_head(text_, kWideLimits, scanned, *head_);
        EXPECT_EQ(error, http::HeadError::none) << http::name_of(error);
        upstream.address = "10.0.0.1:80";
    }

    std::string written() {
        gather->clear();
        write_request_head(*gather, *head_, received.owner(),
                           {.route = route,
                            .upstream = upstream,
                            .client_ip = "192.0.2.7",
                            .request_id = "00112233445566778899aabbccddeeff",
                            .rewritten_target = rewritten_target,
                            .client_trusted = trusted,
                            .upgrade = upgrade});
        const std::string text = text_of(*gather);
        EXPECT_EQ(text.size(), gather->bytes());
        return text;
    }

    config::Route route;
    config::Upstream upstream;
    std::string rewritten_target;
    bool trusted = false;
    bool upgrade = false;
    Received received;
    std::unique_ptr<Gather> gather = std::make_unique<Gather>();

 private:
    std::string text_;
    std::unique_ptr<http::RequestHead> head_ = std::make_unique<http::RequestHead>();
};

/// The same for a response. What follows the head in `text` is its body.
class EditedResponse {
 public:
    explicit EditedResponse(std::string text, http::Method method = http::Method::get)
        : text_(std::move(text)) {
        std::uint32_t scanned = 0;
        const auto error = http::parse_response_head(text_, kWideLimits, method, scanned, *head_);
        EXPECT_EQ(error, http::HeadError::none) << http::name_of(error);
        edit.route = &route;
    }

    std::string written() {
        gather->clear();
        write_response_head(*gather, *head_, std::string_view(text_).substr(0, head_->size),
                            received.owner(), edit);
        const std::string text = text_of(*gather);
        EXPECT_EQ(text.size(), gather->bytes());
        return text;
    }
    /// The received bytes behind the head.
    std::string_view body() const { return std::string_view(text_).substr(head_->size); }

    config::Route route;
    ResponseEdit edit;
    Received received;
    std::unique_ptr<Gather> gather = std::make_unique<Gather>();

 private:
    std::string text_;
    std::unique_ptr<http::ResponseHead> head_ = std::make_unique<http::ResponseHead>();
};

}  // namespace ringway::forward
