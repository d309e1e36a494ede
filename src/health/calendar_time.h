// Reads dates and times of day piece by piece, for the forms of retry_after.h. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringway::health {

/// What is left of a text that is read from its front. A step that does not find what it is asked
/// for marks the text as bad for good; steps on a bad text do nothing.
class TextWalk {
 public:
    explicit TextWalk(std::string_view text) : left_(text) {}

    /// Exactly this many digits.
    int digits(std::size_t count);
    /// Exactly this text.
    void skip(std::string_view text);
    /// The place in `names` of the one that comes next.
    template <class Names>
    int one_of(const Names& names) {
        int place = 0;
        for (const std::string_view name : names) {
            if (left_.starts_with(name)) {
                skip(name);
                return place;
            }
            ++place;
        }
        ok_ = false;
        return 0;
    }
    bool next_is(char c) const { return ok_ && left_.starts_with(c); }
    /// One character of `any`; '\0' and bad when it is none of them.
    char take(std::string_view any);
    bool next_is_digit() const {
        return ok_ && !left_.empty() && left_[0] >= '0' && left_[0] <= '9';
    }

    bool ok() const { return ok_; }
    /// Nothing is left, and nothing was wrong.
    bool over() const { return ok_ && left_.empty(); }

 private:
    std::string_view left_;
    bool ok_ = true;
};

/// A day of the proleptic Gregorian calendar and a time of it, UTC.
struct CalendarTime {
    int year = 0;
    int month = 0;  // 1..12
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;  // 60 in a leap second

    /// Nothing when there is no such day or time.
    std::optional<std::int64_t> unix_seconds() const;
};

}  // namespace ringway::health
