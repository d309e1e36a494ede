// The errors of one run over a file, with their places. Owned by parse(); single-threaded. Texts
// from the file reach a message only through base::shown(), so that a message is always one
// printable line.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/printable.h"
#include "ringway/config/load.h"

namespace ringway::config {

using base::printable;
using base::shown;

struct Place {
    std::uint32_t line = 0;  // 1-based; 0: the file as a whole
    std::uint32_t column = 0;
};

Place place_of(const toml::node& node);
Place place_of(const toml::key& key);

class Errors {
 public:
    explicit Errors(std::string file) : file_(std::move(file)) {}

    void add(Place place, std::string message);
    /// Something was complained of at this place.
    bool stand_at(Place place) const;
    bool empty() const { return errors_.empty(); }
    const std::string& file() const { return file_; }
    /// In order of their place, each once.
    std::vector<Error> take_sorted();

 private:
    std::string file_;
    std::vector<Error> errors_;
};

}  // namespace ringway::config
