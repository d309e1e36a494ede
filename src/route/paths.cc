// Routes arranged by path; see paths.h.
#include "paths.h"

#include <algorithm>

#include "text.h"

namespace ringway::route {
namespace {

/// The element of `all` whose member equals `text`, made if there is none.
template <class Element>
Element& find_or_add(std::vector<Element>& all, std::string Element::* member,
                     const std::string& text) {
    for (Element& element : all) {
        if (element.*member == text) return element;
    }
    all.emplace_back().*member = text;
    return all.back();
}

/// The place of the first element greater than `text` in a sorted vector.
template <class Element>
std::size_t place_after(const std::vector<Element>& all, std::string Element::* member,
                        std::string_view text) {
    const auto after = std::upper_bound(all.begin(), all.end(), text,
                                        [member](std::string_view value, const Element& element) {
                                            return value < element.*member;
                                        });
    return static_cast<std::size_t>(after - all.begin());
}

}  // namespace

void Paths::add(const config::Route& route, const Rule& rule) {
    if (!route.path.empty()) {
        find_or_add(exact_, &Exact::path, route.path).rules.push_back(&rule);
    } else if (!route.path_prefix.empty()) {
        find_or_add(prefixes_, &Prefix::prefix, route.path_prefix).rules.push_back(&rule);
    } else if (!route.path_regex.empty()) {
        find_or_add(expressions_, &Expression::text, route.path_regex).rules.push_back(&rule);
    } else {
        any_.push_back(&rule);
    }
}

void Paths::seal() {
    const auto comes_first = [](const Rule* a, const Rule* b) {
        const std::size_t a_count = a->conditions.count();
        const std::size_t b_count = b->conditions.count();
        return a_count != b_count ? a_count > b_count : a->place < b->place;
    };
    const auto sort_rules = [&](Rules& rules) { std::ranges::sort(rules, comes_first); };
    for (Exact& exact : exact_) sort_rules(exact.rules);
    for (Prefix& prefix : prefixes_) sort_rules(prefix.rules);
    for (Expression& expression : expressions_) {
        sort_rules(expression.rules);
        expression.regex = compile_regex(expression.text);
    }
    sort_rules(any_);

    std::ranges::sort(exact_, {}, &Exact::path);
    std::ranges::sort(prefixes_, {}, &Prefix::prefix);
    for (std::size_t i = 1; i < prefixes_.size(); ++i) {
        int parent = static_cast<int>(i) - 1;
        const auto starts_with = [&](int place) {
            return prefixes_[i].prefix.starts_with(
                prefixes_[static_cast<std::size_t>(place)].prefix);
        };
        while (parent >= 0 && !starts_with(parent)) {
            parent = prefixes_[static_cast<std::size_t>(parent)].parent;
        }
        prefixes_[i].parent = parent;
    }
}

int Paths::first_that_holds(const Rules& rules, const http::RequestHead& head) {
    for (const Rule* rule : rules) {
        if (rule->conditions.hold(head)) return rule->place;
    }
    return kNoRoute;
}

int Paths::search(const http::RequestHead& head) const {
    if (!exact_.empty()) {
        if (const int found = search_exact(head); found != kNoRoute) return found;
    }
    if (!prefixes_.empty()) {
        if (const int found = search_prefixes(head); found != kNoRoute) return found;
    }
    if (!expressions_.empty()) {
        if (const int found = search_expressions(head); found != kNoRoute) return found;
    }
    return first_that_holds(any_, head);
}

int Paths::search_exact(const http::RequestHead& head) const {
    const std::size_t after = place_after(exact_, &Exact::path, head.path);
    if (after == 0 || exact_[after - 1].path != head.path) return kNoRoute;
    return first_that_holds(exact_[after - 1].rules, head);
}

// All prefixes of the path stand at or before it in the order of text, and whatever stands between
// the longest one and the path starts with it: so they are the last element that is not greater
// than the path, its parent, and so on.
int Paths::search_prefixes(const http::RequestHead& head) const {
    int place = static_cast<int>(place_after(prefixes_, &Prefix::prefix, head.path)) - 1;
    while (place >= 0) {
        const Prefix& prefix = prefixes_[static_cast<std::size_t>(place)];
        if (has_path_prefix(head.path, prefix.prefix)) {
            if (const int found = first_that_holds(prefix.rules, head); found != kNoRoute)
                return found;
        }
        place = prefix.parent;
    }
    return kNoRoute;
}

int Paths::search_expressions(const http::RequestHead& head) const {
    if (head.path.size() > kRegexPathBytesMax) return kNoRoute;
    for (const Expression& expression : expressions_) {
        if (!expression.regex || !regex_matches(*expression.regex, head.path)) continue;
        if (const int found = first_that_holds(expression.rules, head); found != kNoRoute)
            return found;
    }
    return kNoRoute;
}

int Paths::catch_all() const {
    const bool alone = exact_.empty() && prefixes_.empty() && expressions_.empty();
    // The prefix "/" is no catch-all: the path of `OPTIONS *` does not start with it.
    return alone && !any_.empty() && any_.front()->conditions.count() == 0 ? any_.front()->place
                                                                           : kNoRoute;
}

}  // namespace ringway::route
