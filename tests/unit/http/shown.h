// Heads as text, so that two of them can be compared and printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ringway/http/head.h"

namespace ringway::http::test {

inline std::string escaped(std::string_view bytes) {
    std::string out;
    for (const char c : bytes.substr(0, 300)) {
        const auto byte = static_cast<unsigned char>(c);
        constexpr char kHex[] = "0123456789abcdef";
        if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

/// All that a caller can see of a head, as one comparable text.
inline std::string shown(const Fields& fields) {
    std::string out;
    for (const Field& field : fields) {
        out += std::string(field.name) + "=" + std::string(field.value) + "/" +
               std::to_string(static_cast<int>(field.id)) + (field.nominated ? "n" : "") + "|";
    }
    return out;
}

inline std::string shown(const RequestHead& head) {
    std::string out;
    for (const std::string_view part :
         {head.method_text, head.target, head.path, head.query, head.authority}) {
        out += std::string(part) + "|";
    }
    for (const std::uint64_t number :
         {std::uint64_t{head.size}, std::uint64_t{head.skipped},
          static_cast<std::uint64_t>(head.method), std::uint64_t{head.has_query},
          std::uint64_t{head.absolute_form}, std::uint64_t{head.minor_version},
          std::uint64_t{head.has_host}, static_cast<std::uint64_t>(head.framing),
          head.content_length, std::uint64_t{head.keep_alive}, std::uint64_t{head.expects_continue},
          std::uint64_t{head.upgrade}, std::uint64_t{head.max_forwards}}) {
        out += std::to_string(number) + ",";
    }
    return out + shown(head.fields);
}

inline std::string shown(const ResponseHead& head) {
    std::string out = std::string(head.reason) + "|";
    for (const std::uint64_t number :
         {std::uint64_t{head.size}, std::uint64_t{head.status}, std::uint64_t{head.minor_version},
          static_cast<std::uint64_t>(head.framing), head.content_length,
          std::uint64_t{head.has_content_length}, std::uint64_t{head.keep_alive},
          std::uint64_t{head.upgrade}}) {
        out += std::to_string(number) + ",";
    }
    return out + shown(head.fields);
}

}  // namespace ringway::http::test
