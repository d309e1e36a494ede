// What must hold for any bytes that are given to a head parser; a violation aborts the fuzzer.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../src/http/chars.h"
#include "../../src/http/head_parse.h"
#include "../unit/http/shown.h"
#include "ringway/base/assert.h"
#include "ringway/base/hash.h"

namespace ringway::http::fuzz {

inline constexpr HeadLimits kTightLimits = {
    .bytes_max = 200, .fields_max = 6, .target_bytes_max = 40};

/// A place to cut the bytes that depends on them alone, so that a finding repeats.
inline std::size_t cut_of(std::string_view bytes, std::uint64_t round) {
    return static_cast<std::size_t>(base::hash_bytes(bytes, round) % (bytes.size() + 1));
}

/// An answer as text: the error, and the whole head when there is none.
template <class Head>
std::string answer(HeadError error, const Head& head) {
    std::string text(name_of(error));
    if (error == HeadError::none) text += " " + test::shown(head);
    return text;
}

/// All kernels and all cuts give one answer. parse(kernel, bytes, scanned, head).
template <class Head, class Parse>
HeadError check_one_answer(std::string_view bytes, Head& head, Parse&& parse) {
    static Head other;
    std::uint32_t scanned = 0;
    const HeadError error = parse(kScalarKernel, bytes, scanned, head);
    const std::string expected = answer(error, head);
    RW_ASSERT(scanned == (error == HeadError::incomplete ? bytes.size() : 0));
    // A fault in a later piece may go unseen until its line ends, and no longer.
    const std::string ended = std::string(bytes) + "\n";
    for (const ScanKernel* kernel : usable_kernels()) {
        for (std::uint64_t round = 0; round < 3; ++round) {
            const std::size_t cut = round == 0 ? 0 : cut_of(bytes, round);
            const auto prefix = std::make_unique<char[]>(cut);
            if (cut > 0) std::memcpy(prefix.get(), bytes.data(), cut);
            scanned = 0;
            HeadError way = parse(*kernel, {prefix.get(), cut}, scanned, other);
            std::string got = answer(way, other);
            if (way == HeadError::incomplete) {
                way = parse(*kernel, bytes, scanned, other);
                if (way == HeadError::incomplete && error != way)
                    way = parse(*kernel, ended, scanned, other);
                got = answer(way, other);
            }
            RW_ASSERT(got == expected);
        }
    }
    if (bytes.size() > 600) return error;
    scanned = 0;
    HeadError way = HeadError::incomplete;
    for (std::size_t size = 0; size <= bytes.size() && way == HeadError::incomplete; ++size) {
        way = parse(scan_kernel(), bytes.substr(0, size), scanned, other);
    }
    if (way == HeadError::incomplete && error != way)
        way = parse(scan_kernel(), ended, scanned, other);
    RW_ASSERT(answer(way, other) == expected);
    return error;
}

/// The lines of an accepted head after its first, split in the plainest way there is.
inline std::vector<std::string_view> lines_of(std::string_view head) {
    std::vector<std::string_view> lines;
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        RW_ASSERT(end != std::string_view::npos);
        lines.push_back(head.substr(0, end));
        head.remove_prefix(end + 2);
    }
    RW_ASSERT(lines.size() >= 2 && lines.back().empty());
    lines.pop_back();
    lines.erase(lines.begin());
    return lines;
}

/// The one reading of an accepted head's framing, made without the parser's own code. `bytes` is
/// the head from its first line through the empty line.
struct PlainReading {
    std::size_t lengths = 0;
    std::size_t codings = 0;
    std::uint64_t length = 0;

    PlainReading(std::string_view bytes, const Fields& fields) {
        RW_ASSERT(bytes.find("\r\n\r\n") + 4 == bytes.size());
        RW_ASSERT(bytes.find('\0') == std::string_view::npos);
        RW_ASSERT(std::count(bytes.begin(), bytes.end(), '\r') ==
                  std::count(bytes.begin(), bytes.end(), '\n'));
        const std::vector<std::string_view> lines = lines_of(bytes);
        RW_ASSERT(lines.size() == fields.count);
        for (std::size_t i = 0; i < lines.size(); ++i) read(lines[i], fields.at[i]);
        RW_ASSERT(lengths + codings <= 1);
    }

 private:
    void read(std::string_view line, const Field& field) {
        RW_ASSERT(line.find_first_of("\r\n") == std::string_view::npos);
        const std::size_t colon = line.find(':');
        RW_ASSERT(colon != std::string_view::npos && colon > 0);
        RW_ASSERT(field.name == line.substr(0, colon) && field.name.data() == line.data());
        RW_ASSERT(field.name.find_first_of(" \t") == std::string_view::npos);
        const std::string_view value = trim_ows(line.substr(colon + 1));
        RW_ASSERT(value == field.value);
        if (equals_any_case(field.name, "content-length")) {
            ++lengths;
            RW_ASSERT(!value.empty());
            for (const char c : value) {
                RW_ASSERT(is_digit(c));
                length = length * 10 + static_cast<std::uint64_t>(c - '0');
            }
        }
        if (equals_any_case(field.name, "transfer-encoding")) {
            ++codings;
            RW_ASSERT(equals_any_case(value, "chunked"));
        }
    }
};

}  // namespace ringway::http::fuzz
