// A request of the mix as it is sent: made ready once, so that a request costs no formatting.
// Immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plan/plan.h"
#include "ringway/http/head.h"

namespace ringload {

class RequestText {
 public:
    /// `authority` is the Host where the kind has no Host field of its own.
    RequestText(const RequestKind& kind, const std::string& authority);

    /// The whole request, valid as long as this or `room` is: the bytes made ready or, where the
    /// target has "{n}", written to `room` with `number` in its place. The last one on a connection
    /// says Connection: close.
    std::string_view write(std::uint64_t number, bool last, std::string& room) const;

    ringway::http::Method method() const { return method_; }

 private:
    struct Form {
        std::string text;
        std::size_t number_at = std::string::npos;  // where the number belongs
    };
    Form form_of(const RequestKind& kind, const std::string& authority, bool last) const;

    ringway::http::Method method_;
    Form kept_alive_;
    Form last_;
};

}  // namespace ringload
