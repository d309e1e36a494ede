// Several rounds of a scenario, and several variants of it, as one table. Pure.
#pragma once

#include <string>
#include <vector>

#include "tally/result.h"

namespace ringload {

/// What the table needs of a round, so that its records need not be kept.
struct RoundFigures {
    double rate = 0;
    std::uint64_t errors = 0;
    double mean_ms = 0;
    double p99_ms = 0;
    std::vector<FaultFigures> faults;
};
RoundFigures figures_of_round(const Result& result);

struct VariantRounds {
    std::string name;  // "": there is only one
    std::vector<RoundFigures> rounds;
};

/// A column for each variant. Of each figure the worst of all rounds, and the median in brackets.
std::string table_of_rounds(const std::vector<VariantRounds>& variants);

/// "9 (2)": the worst of the numbers and their median. One of them that is nothing never happened,
/// which is worse than any: "never 1x (2)". "-" of none.
std::string worst_and_median(const std::vector<std::optional<double>>& numbers, int digits,
                             bool more_is_worse = true);

}  // namespace ringload
