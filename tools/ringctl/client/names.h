// Which upstream or pool a word of the command line means. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/failure.h"
#include "client/json.h"

namespace ringctl {

struct UpstreamName {
    std::string pool;
    std::string name;

    std::string full() const { return pool + '/' + name; }
    /// "POOL/NAME", each encoded.
    std::string segments() const;
    /// "/upstreams/POOL/NAME", encoded.
    std::string path() const;
    bool operator==(const UpstreamName&) const = default;
};

/// Of the array of /upstreams.
std::vector<UpstreamName> upstream_names(const Value& upstreams);

/// "POOL/UPSTREAM", or the bare name of an upstream that only one pool has. Else the choices, or
/// the nearest known name.
Result<UpstreamName> find_upstream(std::string_view wanted, std::span<const UpstreamName> known);

/// The name itself when it is known, else a suggestion.
Result<std::string> find_pool(std::string_view wanted, std::span<const std::string> known);

}  // namespace ringctl
