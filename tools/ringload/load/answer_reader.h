// Reads the answers of one connection, in whatever pieces they arrive. Pure; owned by a Connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plan/plan.h"
#include "ringway/base/hash.h"
#include "ringway/forward/body_reader.h"
#include "ringway/http/head.h"

namespace ringload {

class AnswerReader {
 public:
    /// Notes the field `origin_field` of each answer, unless that is "".
    explicit AnswerReader(std::string_view origin_field) : origin_field_(origin_field) {}

    enum class Step : std::uint8_t {
        more,  // all bytes were used, and more are needed
        whole,
        malformed,
    };

    /// The next answer is one to a request of this kind and method; `kind` outlives the reader.
    void start(const RequestKind& kind, ringway::http::Method method);

    /// Uses bytes off the front, up to the end of the answer. `head` is room for the parser.
    Step take(std::string_view& bytes, ringway::http::ResponseHead& head);
    /// The peer's FIN: the end of a body that has no other.
    Step end();

    /// Valid once the head of the final answer is there.
    bool has_head() const { return has_head_; }
    std::uint16_t status() const { return status_; }
    bool keep_alive() const { return keep_alive_; }
    /// Who answered; "" when it does not say.
    const std::string& origin() const { return origin_; }

    /// Valid when whole.
    bool is_expected() const { return is_expected_; }
    bool checksum_holds() const;

 private:
    Step take_head(std::string_view& bytes, ringway::http::ResponseHead& head);
    void note(const ringway::http::ResponseHead& head);
    Step take_body(std::string_view& bytes);
    void add(std::string_view payload);

    const std::string_view origin_field_;
    const RequestKind* kind_ = nullptr;
    ringway::http::Method method_ = ringway::http::Method::get;
    std::string inbox_;  // of a head that is not whole
    std::uint32_t scanned_ = 0;
    bool has_head_ = false;
    bool keep_alive_ = true;
    bool is_expected_ = false;
    std::uint16_t status_ = 0;
    ringway::forward::BodyReader body_;
    ringway::base::Fnv1a64 fnv1a64_;
    std::uint64_t crc32_ = 0;
    std::string checksum_told_;  // by the answer's own field
    std::string origin_;
};

}  // namespace ringload
