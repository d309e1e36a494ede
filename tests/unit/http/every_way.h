// Parses a head in every way that must give one answer: each scan kernel, at a guard page, whole
// and cut anywhere.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../../../src/http/head_parse.h"
#include "../rounds.h"
#include "guarded_bytes.h"
#include "ringway/http/head.h"
#include "shown.h"

namespace ringway::http::test {

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
        // Two pieces, cut at every place, or at as many as rounds() leaves; long inputs at some
        // only.
        const std::size_t cuts_max = rounds(4096u);
        const std::size_t step =
            bytes.size() > 4096 ? 997 : (bytes.size() + cuts_max - 1) / cuts_max;
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
