#include "client/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "client/address.h"
#include "ringway/base/printable.h"
#include "ringway/base/suggest.h"

namespace ringctl {

using ringway::base::did_you_mean;
using ringway::base::printable;
using ringway::base::shown;

namespace {

constexpr std::size_t kChoicesMax = 10;

std::string listed(const std::vector<UpstreamName>& choices) {
    std::vector<std::string> names;
    for (const UpstreamName& choice : choices) {
        if (names.size() == kChoicesMax) break;
        names.push_back(printable(choice.full()));
    }
    return fmt::format("{}{}", fmt::join(names, ", "), choices.size() > kChoicesMax ? ", ..." : "");
}

/// ", did you mean `x`?", or the semicolon that stands there without one.
std::string suggestion(std::string_view wanted, std::span<const std::string> names) {
    std::string text = did_you_mean(wanted, names);
    return text.empty() ? ";" : text;
}

}  // namespace

std::string UpstreamName::segments() const {
    return fmt::format("{}/{}", percent_encoded(pool), percent_encoded(name));
}

std::string UpstreamName::path() const { return "/upstreams/" + segments(); }

std::vector<UpstreamName> upstream_names(const Value& upstreams) {
    std::vector<UpstreamName> names;
    for (const Value& upstream : upstreams.elements())
        names.push_back({upstream["pool"].raw_text(), upstream["name"].raw_text()});
    return names;
}

Result<UpstreamName> find_upstream(std::string_view wanted, std::span<const UpstreamName> known) {
    std::vector<UpstreamName> found;
    std::ranges::copy_if(known, std::back_inserter(found),
                         [&](const UpstreamName& one) { return one.full() == wanted; });
    if (found.empty()) {
        std::ranges::copy_if(known, std::back_inserter(found),
                             [&](const UpstreamName& one) { return one.name == wanted; });
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1) {
        return std::unexpected(Failure::usage(fmt::format(
            "`{}` may be any of {}; write POOL/UPSTREAM", shown(wanted), listed(found))));
    }
    if (known.empty()) return std::unexpected(Failure::usage("the server has no upstream at all"));
    const bool whole = wanted.find('/') != std::string_view::npos;
    std::vector<std::string> names;
    for (const UpstreamName& one : known) {
        std::string name = whole ? one.full() : one.name;
        if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
    return std::unexpected(
        Failure::usage(fmt::format("no upstream is named `{}`{} `ringctl upstreams` lists them",
                                   shown(wanted), suggestion(wanted, names))));
}

Result<std::string> find_pool(std::string_view wanted, std::span<const std::string> known) {
    if (std::ranges::find(known, wanted) != known.end()) return std::string(wanted);
    return std::unexpected(
        Failure::usage(fmt::format("no pool is named `{}`{} `ringctl pools` lists them",
                                   shown(wanted), suggestion(wanted, known))));
}

}  // namespace ringctl
