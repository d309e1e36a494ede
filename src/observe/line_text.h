// Text of a log line, written into room that was made for it before: no piece asks whether there is
// any left. Internal to observe/.
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "ringway/base/time.h"
#include "ringway/observe/json.h"

namespace ringway::observe {

/// No byte of the eight is escaped in JSON or begins a character of several bytes. Each test finds
/// its bytes in the top bits (Mycroft's trick; what it finds too much stands behind a true find).
constexpr bool all_plain(std::uint64_t bytes) {
    constexpr std::uint64_t kOnes = 0x0101010101010101u;
    constexpr std::uint64_t kHigh = kOnes << 7;
    const auto is_zero = [](std::uint64_t x) { return (x - kOnes) & ~x; };
    const std::uint64_t control = (bytes - kOnes * 0x20) & ~bytes;
    const std::uint64_t found = bytes | control | is_zero(bytes ^ kOnes * '"') |
                                is_zero(bytes ^ kOnes * '\\') | is_zero(bytes ^ kOnes * 0x7f);
    return (found & kHigh) == 0;
}

struct DayAndTime {
    std::chrono::year_month_day date;
    std::uint32_t ms;  // since midnight
};

inline DayAndTime moment_of(std::int64_t unix_ns) {
    const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(unix_ns)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const auto in_day = std::chrono::floor<std::chrono::milliseconds>(time - day).count();
    return {std::chrono::year_month_day(day), static_cast<std::uint32_t>(in_day)};
}

class LineText {
 public:
    explicit LineText(char* at) : at_(at) {}

    /// Bytes that json_string() writes at most: \u00XX for each, and the quotes.
    static constexpr std::size_t json_bytes_max(std::string_view text) {
        return 6 * text.size() + 2;
    }

    char* at() const { return at_; }

    void put(char c) { *at_++ = c; }
    template <std::size_t size>
    void put(const char (&literal)[size]) {
        std::memcpy(at_, literal, size - 1);
        at_ += size - 1;
    }
    void bytes(std::string_view text) {
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }

    void whole(std::uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }

    /// Exactly so many digits of a number that has no more.
    void digits(std::uint32_t value, int count) {
        for (int i = count; i > 0; --i) {
            at_[i - 1] = static_cast<char>('0' + value % 10);
            value /= 10;
        }
        at_ += count;
    }

    /// In milliseconds with three decimals; null when negative.
    void milliseconds(base::Duration value) {
        if (value < base::Duration::zero()) return put("null");
        const auto us = static_cast<std::uint64_t>(base::to_us(value));
        whole(us / 1000);
        put('.');
        digits(static_cast<std::uint32_t>(us % 1000), 3);
    }

    void json_string(std::string_view text) {
        char* const begin = at_;
        put('"');
        if (!plain(text)) {
            std::string escaped;
            append_json_string(escaped, text);
            at_ = begin;
            return bytes(escaped);
        }
        put('"');
    }

    /// Copies the text if none of its bytes is special; else something is written, and false.
    bool plain(std::string_view text) {
        const char* from = text.data();
        const std::size_t size = text.size();
        bool is_plain = true;
        if (size >= 8) {
            for (std::size_t done = 0; done + 8 <= size; done += 8)
                is_plain &= all_plain(copy<std::uint64_t>(from, done));
            is_plain &= all_plain(copy<std::uint64_t>(from, size - 8));
        } else if (size >= 4) {
            const std::uint64_t low = copy<std::uint32_t>(from, 0);
            const std::uint64_t high = copy<std::uint32_t>(from, size - 4);
            is_plain = all_plain(low | high << 32);
        } else {
            for (std::size_t at = 0; at < size; ++at)
                is_plain &= all_plain(kPlainBytes | copy<std::uint8_t>(from, at));
        }
        at_ += size;
        return is_plain;
    }

    /// "2026-01-02T03:04:05.678Z"
    void json_time(std::int64_t unix_ns) {
        const auto [date, ms] = moment_of(unix_ns);
        put('"');
        digits(static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
        put('-');
        digits(static_cast<unsigned>(date.month()), 2);
        put('-');
        digits(static_cast<unsigned>(date.day()), 2);
        put('T');
        time_of_day(ms);
        put('.');
        digits(ms % 1000, 3);
        put("Z\"");
    }

    /// "02/Jan/2026:03:04:05 +0000", as web servers log it.
    void log_time(std::int64_t unix_ns) {
        static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        const auto [date, ms] = moment_of(unix_ns);
        digits(static_cast<unsigned>(date.day()), 2);
        put('/');
        bytes({kMonths + 3 * (static_cast<unsigned>(date.month()) - 1), 3});
        put('/');
        digits(static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
        put(':');
        time_of_day(ms);
        put(" +0000");
    }

 private:
    /// Seven bytes that are not special, above one.
    static constexpr std::uint64_t kPlainBytes = 0x2020202020202000u;

    /// To the same place behind what is written; the bytes.
    template <class Bytes>
    Bytes copy(const char* from, std::size_t at) {
        Bytes bytes;
        std::memcpy(&bytes, from + at, sizeof(bytes));
        std::memcpy(at_ + at, &bytes, sizeof(bytes));
        return bytes;
    }

    void time_of_day(std::uint32_t ms) {
        digits(ms / 3'600'000, 2);
        put(':');
        digits(ms / 60'000 % 60, 2);
        put(':');
        digits(ms / 1000 % 60, 2);
    }

    char* at_;
};

}  // namespace ringway::observe
