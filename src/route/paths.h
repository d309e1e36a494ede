// The routes of one host of one listener, arranged by path so that the most specific one is found
// without looking at the others. Owned by a Table. Pure; search() allocates nothing except inside a
// regular expression.
#pragma once

#include <cstdint>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "conditions.h"
#include "ringway/http/head.h"

namespace ringway::route {

inline constexpr int kNoRoute = -1;

/// A route as the paths see it; owned by the Table, whose routes never move.
struct Rule {
    Rule(const config::Route& route, int at) : place(at), conditions(route) {}
    int place;  // in Config::routes
    Conditions conditions;
};

class Paths {
 public:
    /// Routes must come in file order; then seal() once.
    void add(const config::Route& route, const Rule& rule);
    void seal();

    /// The place of the most specific route that matches, or kNoRoute.
    int search(const http::RequestHead& head) const;

    /// The place of the only route when it matches whatever is asked, or kNoRoute.
    int catch_all() const;

 private:
    // more conditions first, then file order
    using Rules = std::vector<const Rule*>;

    struct Exact {
        std::string path;
        Rules rules;
    };
    struct Prefix {
        std::string prefix;
        Rules rules;
        int parent = -1;  // place of the longest other prefix that this one starts with, as text
    };
    struct Expression {
        std::string text;
        std::optional<std::regex> regex;
        Rules rules;
    };

    static int first_that_holds(const Rules& rules, const http::RequestHead& head);
    int search_exact(const http::RequestHead& head) const;
    int search_prefixes(const http::RequestHead& head) const;
    int search_expressions(const http::RequestHead& head) const;

    std::vector<Exact> exact_;             // sorted by path
    std::vector<Prefix> prefixes_;         // sorted by prefix
    std::vector<Expression> expressions_;  // file order of their first use
    Rules any_;
};

}  // namespace ringway::route
