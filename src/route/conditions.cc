// Method, header and query conditions; see conditions.h.
#include "conditions.h"

#include <algorithm>

#include "text.h"

namespace ringway::route {

ValueMatch::ValueMatch(const config::StringMatch& match)
    : name_(match.name), kind_(match.kind), value_(match.value) {
    if (kind_ == config::StringMatch::Kind::regex) regex_ = compile_regex(value_);
}

bool ValueMatch::matches(std::string_view value) const {
    switch (kind_) {
        case config::StringMatch::Kind::exact:
            return value == value_;
        case config::StringMatch::Kind::prefix:
            return value.starts_with(value_);
        case config::StringMatch::Kind::regex:
            return regex_ && value.size() <= kRegexPathBytesMax && regex_matches(*regex_, value);
        case config::StringMatch::Kind::present:
            return true;
    }
    return false;
}

Conditions::Conditions(const config::Route& route) : methods_(route.methods) {
    for (const config::StringMatch& match : route.headers) headers_.emplace_back(match);
    for (const config::StringMatch& match : route.queries) queries_.emplace_back(match);
}

// RFC 9110 9.1: methods are case-sensitive.
bool Conditions::method_holds(const http::RequestHead& head) const {
    return methods_.empty() || std::ranges::find(methods_, head.method_text) != methods_.end();
}

// A field may be repeated: one line of that name with such a value is enough.
bool Conditions::header_holds(const ValueMatch& match, const http::RequestHead& head) {
    return std::any_of(head.fields.begin(), head.fields.end(), [&](const http::Field& field) {
        return equal_ignoring_case(field.name, match.name()) && match.matches(field.value);
    });
}

bool Conditions::query_holds(const ValueMatch& match, const http::RequestHead& head) {
    bool holds = false;
    for_each_parameter(head.query, [&](std::string_view name, std::string_view value) {
        holds = name == match.name() && match.matches(value);
        return !holds;
    });
    return holds;
}

bool Conditions::all_headers_hold(const http::RequestHead& head) const {
    return std::ranges::all_of(headers_,
                               [&](const ValueMatch& m) { return header_holds(m, head); });
}

bool Conditions::all_queries_hold(const http::RequestHead& head) const {
    return std::ranges::all_of(queries_, [&](const ValueMatch& m) { return query_holds(m, head); });
}

std::string Conditions::refusal(const http::RequestHead& head) const {
    if (!method_holds(head)) {
        std::string wanted;
        for (const std::string& method : methods_)
            wanted += (wanted.empty() ? "" : " or ") + method;
        return "method " + std::string(head.method_text) + " is not " + wanted;
    }
    for (const ValueMatch& match : headers_) {
        if (!header_holds(match, head)) return "header " + match.name() + " does not match";
    }
    for (const ValueMatch& match : queries_) {
        if (!query_holds(match, head)) return "query parameter " + match.name() + " does not match";
    }
    return {};
}

}  // namespace ringway::route
