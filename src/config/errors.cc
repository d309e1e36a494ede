#include "ringway/config/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace ringway::config {

namespace {

auto order_of(const Error& error) {
    return std::tie(error.file, error.line, error.column, error.message);
}

}  // namespace

std::string Error::text() const {
    if (line == 0) return fmt::format("{}: {}", file, message);
    return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

Place place_of(const toml::node& node) {
    const toml::source_region& source = node.source();
    return {source.begin.line, source.begin.column, source.path};
}

Place place_of(const toml::key& key) {
    const toml::source_region& source = key.source();
    return {source.begin.line, source.begin.column, source.path};
}

void Errors::add(Place place, std::string message) {
    errors_.push_back({file_of(place), place.line, place.column, std::move(message)});
}

bool Errors::stand_at(Place place) const {
    return std::ranges::any_of(errors_, [&](const Error& error) {
        return error.line == place.line && error.column == place.column &&
               error.file == file_of(place);
    });
}

std::vector<Error> Errors::take_sorted() {
    std::ranges::sort(errors_, {}, order_of);
    const auto repeated = std::ranges::unique(errors_, {}, order_of);
    errors_.erase(repeated.begin(), repeated.end());
    return std::move(errors_);
}

}  // namespace ringway::config
