// Host names as routing compares them. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "text.h"

namespace ringway::route {

inline constexpr std::size_t kShortHostBytes = 256;  // a name has at most 253 (RFC 1035 2.3.4)

/// The host of an authority as names are compared: no port, no dot of the root, lower case. Does
/// not allocate up to kShortHostBytes.
class HostName {
 public:
    explicit HostName(std::string_view authority) {
        std::string_view host = without_port(authority);
        if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
        char* to = short_.data();
        if (host.size() > short_.size()) {
            long_.resize(host.size());
            to = long_.data();
        }
        std::transform(host.begin(), host.end(), to, lower);
        text_ = {to, host.size()};
    }
    HostName(const HostName&) = delete;
    HostName& operator=(const HostName&) = delete;
    std::string_view text() const { return text_; }

 private:
    std::array<char, kShortHostBytes> short_;
    std::string long_;
    std::string_view text_;
};

inline std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

inline bool is_wildcard(std::string_view host) { return host.starts_with("*."); }

/// "*.example" has "a.example" and "a.b.example", not "example". Both in lower case.
inline bool wildcard_has(std::string_view pattern, std::string_view name) {
    const std::string_view suffix = pattern.substr(1);
    return name.size() > suffix.size() && name.ends_with(suffix);
}

}  // namespace ringway::route
