// What a route asks of a request besides its host: path, method, headers, query. Compiled once from
// config::Route; owned by a Table. Pure.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "ringway/config/config.h"
#include "ringway/http/head.h"

namespace ringway::route {

/// One compiled config::StringMatch. A regular expression that does not compile matches nothing.
class ValueMatch {
 public:
    explicit ValueMatch(const config::StringMatch& match);
    const std::string& name() const { return name_; }
    bool matches(std::string_view value) const;

 private:
    std::string name_;
    config::StringMatch::Kind kind_;
    std::string value_;
    std::optional<std::regex> regex_;
};

/// The conditions beside host and path.
class Conditions {
 public:
    explicit Conditions(const config::Route& route);

    /// For specificity; all methods together are one condition.
    std::size_t count() const {
        return (methods_.empty() ? 0 : 1) + headers_.size() + queries_.size();
    }
    bool hold(const http::RequestHead& head) const {
        return count() == 0 ||
               (method_holds(head) && all_headers_hold(head) && all_queries_hold(head));
    }
    /// A sentence about the first condition that does not hold; empty when all do.
    std::string refusal(const http::RequestHead& head) const;

 private:
    bool method_holds(const http::RequestHead& head) const;
    bool all_headers_hold(const http::RequestHead& head) const;
    bool all_queries_hold(const http::RequestHead& head) const;
    static bool header_holds(const ValueMatch& match, const http::RequestHead& head);
    static bool query_holds(const ValueMatch& match, const http::RequestHead& head);

    std::vector<std::string> methods_;
    std::vector<ValueMatch> headers_;
    std::vector<ValueMatch> queries_;
};

}  // namespace ringway::route
