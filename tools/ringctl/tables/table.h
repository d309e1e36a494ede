// Columns that are as wide as their widest cell. Single-threaded; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tables/style.h"

namespace ringctl {

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};

struct Column {
    std::string_view name;
    bool right = false;  // numbers
};

class Table {
 public:
    static constexpr std::size_t kAnyWidth = static_cast<std::size_t>(-1);

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// As many cells as there are columns.
    void add(std::vector<Cell> row);
    std::size_t rows() const { return rows_.size(); }

    /// The heading and a line for each row, without line ends; no wider than `width`, no blanks at
    /// the ends.
    std::vector<std::string> lines(const Style& style, std::size_t width = kAnyWidth) const;
    /// With line ends.
    std::string text(const Style& style) const;

 private:
    std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                     const Style& style, std::size_t width) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace ringctl
