// HTTP dates and Internet times; see retry_after.h and calendar_time.h.
#include "calendar_time.h"

#include <array>

#include "ringway/health/retry_after.h"

namespace ringway::health {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

void read_time_of_day(TextWalk& walk, CalendarTime& time) {
    time.hour = walk.digits(2);
    walk.skip(":");
    time.minute = walk.digits(2);
    walk.skip(":");
    time.second = walk.digits(2);
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> imf_fixdate(std::string_view text) {
    TextWalk walk(text);
    CalendarTime time;
    walk.one_of(kDays);
    walk.skip(", ");
    time.day = walk.digits(2);
    walk.skip(" ");
    time.month = walk.one_of(kMonths) + 1;
    walk.skip(" ");
    time.year = walk.digits(4);
    walk.skip(" ");
    read_time_of_day(walk, time);
    walk.skip(" GMT");
    return walk.over() ? time.unix_seconds() : std::nullopt;
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<std::int64_t> rfc850_date(std::string_view text) {
    TextWalk walk(text);
    CalendarTime time;
    walk.one_of(kLongDays);
    walk.skip(", ");
    time.day = walk.digits(2);
    walk.skip("-");
    time.month = walk.one_of(kMonths) + 1;
    walk.skip("-");
    const int year = walk.digits(2);
    time.year = year + (year < 70 ? 2000 : 1900);
    walk.skip(" ");
    read_time_of_day(walk, time);
    walk.skip(" GMT");
    return walk.over() ? time.unix_seconds() : std::nullopt;
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<std::int64_t> asctime_date(std::string_view text) {
    TextWalk walk(text);
    CalendarTime time;
    walk.one_of(kDays);
    walk.skip(" ");
    time.month = walk.one_of(kMonths) + 1;
    walk.skip(" ");
    if (walk.next_is(' ')) {
        walk.skip(" ");
        time.day = walk.digits(1);
    } else {
        time.day = walk.digits(2);
    }
    walk.skip(" ");
    read_time_of_day(walk, time);
    walk.skip(" ");
    time.year = walk.digits(4);
    return walk.over() ? time.unix_seconds() : std::nullopt;
}

/// Milliseconds of an optional ".123456".
std::int64_t read_fraction_ms(TextWalk& walk) {
    if (!walk.next_is('.')) return 0;
    walk.skip(".");
    std::int64_t ms = walk.digits(1) * 100;
    for (int worth = 10; walk.next_is_digit(); worth /= 10) ms += walk.digits(1) * worth;
    return ms;
}

/// Seconds east of Greenwich of "Z" or "+02:00".
std::int64_t read_offset_s(TextWalk& walk) {
    const char sign = walk.take("Zz+-");
    if (sign == 'Z' || sign == 'z') return 0;
    const int hours = walk.digits(2);
    walk.skip(":");
    const int minutes = walk.digits(2);
    if (hours > 23 || minutes > 59) walk.skip("no such offset");
    const std::int64_t east = hours * 3600 + minutes * 60;
    return sign == '-' ? -east : east;
}

}  // namespace

int TextWalk::digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!next_is_digit()) {
            ok_ = false;
            return 0;
        }
        value = value * 10 + (left_[0] - '0');
        left_.remove_prefix(1);
    }
    return value;
}

void TextWalk::skip(std::string_view text) {
    ok_ = ok_ && left_.starts_with(text);
    if (ok_) left_.remove_prefix(text.size());
}

char TextWalk::take(std::string_view any) {
    ok_ = ok_ && !left_.empty() && any.find(left_[0]) != std::string_view::npos;
    if (!ok_) return '\0';
    const char taken = left_[0];
    left_.remove_prefix(1);
    return taken;
}

std::optional<std::int64_t> CalendarTime::unix_seconds() const {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    if (const auto time = imf_fixdate(text)) return time;
    if (const auto time = rfc850_date(text)) return time;
    return asctime_date(text);
}

std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text) {
    TextWalk walk(text);
    CalendarTime time;
    time.year = walk.digits(4);
    walk.skip("-");
    time.month = walk.digits(2);
    walk.skip("-");
    time.day = walk.digits(2);
    walk.take("Tt ");
    read_time_of_day(walk, time);
    const std::int64_t fraction_ms = read_fraction_ms(walk);
    const std::int64_t offset_s = read_offset_s(walk);
    const auto local_s = time.unix_seconds();
    if (!walk.over() || !local_s) return std::nullopt;
    return (*local_s - offset_s) * 1000 + fraction_ms;
}

}  // namespace ringway::health
