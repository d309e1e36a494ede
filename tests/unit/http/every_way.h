// Parses a head in every way that must give one answer: each scan kernel, at a guard page, whole
// and cut anywhere.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../../../src/http/head_parse.h"
#include "guarded_bytes.h"
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

template <class Head, class Parse>
HeadError parse_every_way(std::string_view bytes, Head& head, Parse&& parse) {
    const GuardedBytes guarded(bytes);
    std::uint32_t scanned = 0;
    const HeadError expected = parse(kScalarKernel, bytes, scanned, head);
    const auto check = [&](HeadError error, const Head& other, const std::string& way) {
        EXPECT_EQ(name_of(error), name_of(expected)) << way << ": " << escaped(bytes);
        if (error == HeadError::none && expected == HeadError::none) {
            EXPECT_EQ(shown(other), shown(head)) << way << ": " << escaped(bytes);
        }
    };
    const auto other = std::make_unique<Head>();
    for (const ScanKernel* kernel : usable_kernels()) {
        scanned = 0;
        check(parse(*kernel, guarded.view(), scanned, *other), *other, kernel->name);
        // Two pieces, cut at every place; long inputs at some places only.
        const std::size_t step = bytes.size() > 4096 ? 997 : 1;
        for (std::size_t cut = 0; cut < bytes.size(); cut += step) {
            scanned = 0;
            const GuardedBytes prefix(bytes.substr(0, cut));
            HeadError error = parse(*kernel, prefix.view(), scanned, *other);
            if (error == HeadError::incomplete) {
                error = parse(*kernel, guarded.view(), scanned, *other);
            } else if (error == HeadError::none) {
                EXPECT_LE(other->size, cut);
                continue;  // its views died with the prefix; the size says enough
            }
            check(error, *other, std::string(kernel->name) + " cut at " + std::to_string(cut));
            if (::testing::Test::HasFailure()) return expected;
        }
    }
    // Byte by byte.
    scanned = 0;
    HeadError error = HeadError::incomplete;
    for (std::size_t size = 0; size <= bytes.size() && error == HeadError::incomplete; ++size) {
        error = parse(scan_kernel(), bytes.substr(0, size), scanned, *other);
    }
    check(error, *other, "byte by byte");
    return expected;
}

inline HeadError parse_request(std::string_view bytes, RequestHead& head,
                               const HeadLimits& limits = {}) {
    return parse_every_way(bytes, head,
                           [&](const ScanKernel& kernel, std::string_view piece,
                               std::uint32_t& scanned, RequestHead& result) {
                               return parse_request_head_with(kernel, piece, limits, scanned,
                                                              result);
                           });
}

inline HeadError parse_response(std::string_view bytes, ResponseHead& head,
                                Method request_method = Method::get,
                                const HeadLimits& limits = {}) {
    return parse_every_way(bytes, head,
                           [&](const ScanKernel& kernel, std::string_view piece,
                               std::uint32_t& scanned, ResponseHead& result) {
                               return parse_response_head_with(kernel, piece, limits,
                                                               request_method, scanned, result);
                           });
}

}  // namespace ringway::http::test
