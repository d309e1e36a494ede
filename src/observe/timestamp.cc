// Wall-clock times as text. Any thread; no state.
#include "ringway/observe/timestamp.h"

#include <chrono>

namespace ringway::observe {
namespace {

void append_digits(std::string& out, std::uint32_t value, int digits) {
    char text[8];
    for (int i = digits; i > 0; --i) {
        text[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    out.append(text, static_cast<std::size_t>(digits));
}

}  // namespace

void append_timestamp(std::string& out, std::int64_t unix_ns) {
    // 64-bit nanoseconds reach from 1677 to 2262: four digits are always enough for the year.
    const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(unix_ns)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto in_day = std::chrono::floor<std::chrono::milliseconds>(time - day).count();
    const auto ms = static_cast<std::uint32_t>(in_day);
    append_digits(out, static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_digits(out, ms / 3'600'000, 2);
    out += ':';
    append_digits(out, ms / 60'000 % 60, 2);
    out += ':';
    append_digits(out, ms / 1000 % 60, 2);
    out += '.';
    append_digits(out, ms % 1000, 3);
    out += 'Z';
}

}  // namespace ringway::observe
