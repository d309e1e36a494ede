// The errors of one run over a file, or over several that are laid over one another, with their
// places. Owned by parse(); single-threaded. Texts from the file reach a message only through
// base::shown(), so that a message is always one printable line.
#pragma once

#include <toml++/toml.h>

#include <memory>
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
    std::shared_ptr<const std::string> file;  // nullptr: that of the Errors
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
    /// By file, then in order of their place, each once.
    std::vector<Error> take_sorted();

 private:
    const std::string& file_of(const Place& place) const {
        return place.file ? *place.file : file_;
    }

    std::string file_;
    std::vector<Error> errors_;
};

}  // namespace ringway::config
