#include "tables/table.h"

#include <algorithm>

#include "ringway/base/assert.h"

namespace ringctl {

namespace {

constexpr std::size_t kGap = 2;

}  // namespace

void Table::add(std::vector<Cell> row) {
    RW_ASSERT(row.size() == columns_.size());
    rows_.push_back(std::move(row));
}

std::vector<std::string> Table::lines(const Style& style, std::size_t width) const {
    std::vector<Cell> heading;
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) {
        heading.push_back({std::string(column.name), Tone::strong});
        widths.push_back(width_of(column.name));
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i].text));
    }
    std::vector<std::string> all{line(heading, widths, style, width)};
    for (const auto& row : rows_) all.push_back(line(row, widths, style, width));
    return all;
}

std::string Table::line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                        const Style& style, std::size_t width) const {
    std::string out;
    std::size_t blanks = 0;  // owed before the next text, so that none end the line
    std::size_t left = width;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const std::size_t filler = widths[i] - width_of(row[i].text);
        if (columns_[i].right) blanks += filler;
        if (!row[i].text.empty()) {
            if (blanks >= left) break;
            const std::string_view text = cut_to(row[i].text, left - blanks);
            out.append(blanks, ' ');
            out += style.paint(row[i].tone, text);
            left -= blanks + width_of(text);
            blanks = 0;
        }
        if (!columns_[i].right) blanks += filler;
        blanks += kGap;
    }
    return out;
}

std::string Table::text(const Style& style) const {
    std::string out;
    for (const std::string& line : lines(style)) out += line + '\n';
    return out;
}

}  // namespace ringctl
