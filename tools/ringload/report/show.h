// Figures and tables as text for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ringway/base/time.h"

namespace ringload {

/// "1.5 s", "10 s": three significant digits; "-1.5 s".
std::string show_duration(ringway::base::Duration duration);
/// As show_ns(), of milliseconds: "1.23 ms", "-850 us".
std::string show_ms(double ms);
/// "1.23 MiB"
std::string show_bytes(double bytes);
/// "10234/s", "12.3/s": no fraction from 100 on.
std::string show_rate(double per_second);
/// "0.12 %": `part` of `whole`; "-" of nothing.
std::string show_share(std::uint64_t part, std::uint64_t whole);

/// Rows whose columns stand below one another: the first to the left, others to the right.
class Table {
 public:
    /// Columns from this one on are texts, to the left as the first.
    explicit Table(std::size_t texts_from = SIZE_MAX) : texts_from_(texts_from) {}

    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    /// A line for each row, indented by `indent` spaces, without blanks at its end.
    std::string str(std::size_t indent = 0) const;

 private:
    std::size_t texts_from_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace ringload
