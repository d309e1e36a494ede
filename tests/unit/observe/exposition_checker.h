// A strict reader of the Prometheus text format 0.0.4 for tests: it accepts what the format allows
// and what the naming rules of the Prometheus project ask for, and reports the first line that does
// not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::observe {

struct CheckedFamily {
    std::string help;
    std::string type;
    /// Labels (without le) -> value; of a histogram its _count.
    std::map<std::map<std::string, std::string>, double> samples;
    std::vector<std::string> label_names;  // of its samples, sorted; le left out
};

struct CheckedExposition {
    std::optional<std::string> error;  // what is wrong, with the line
    std::map<std::string, CheckedFamily> families;

    /// The value of a sample, or nothing.
    std::optional<double> value(const std::string& family,
                                const std::map<std::string, std::string>& labels) const;
};

CheckedExposition check_exposition(std::string_view text);

}  // namespace ringway::observe
