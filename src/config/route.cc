// [[route]]: which requests go where, and what changes on the way.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "ringway/base/suggest.h"
#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

using std::chrono::hours;

constexpr std::string_view kSchemes[] = {"http", "https"};
constexpr std::string_view kActions[] = {"pool", "split", "redirect", "respond"};
constexpr std::string_view kPaths[] = {"path", "path_prefix", "path_regex"};

Complaint check_optional_path(std::string_view text) {
    return text.empty() ? Complaint{} : check_path(text);
}

Complaint check_scheme(std::string_view text) {
    if (std::ranges::find(kSchemes, text) == std::end(kSchemes)) {
        return "is no scheme to redirect to; write \"http\" or \"https\"";
    }
    return {};
}

Complaint check_any(std::string_view) { return {}; }

void read_redirect_status(Reading& reading, const Rule& rule, const toml::node& node,
                          Redirect& redirect) {
    const auto* status = node.as_integer();
    constexpr std::int64_t kStatuses[] = {301, 302, 303, 307, 308};
    if (status == nullptr || std::ranges::find(kStatuses, status->get()) == std::end(kStatuses)) {
        return reading.complain(node,
                                fmt::format("`{}`: write 301, 302, 303, 307 or 308", rule.name));
    }
    redirect.status = static_cast<std::uint16_t>(status->get());
}

const Section<Redirect>& redirect_section() {
    static const Section<Redirect> section{
        .heading = "[route.redirect]",
        .meaning = "Answers with a Location. At least one of scheme, host and path is given.",
        .keys =
            {
                custom<Redirect>("status", "301, 302, 303, 307 or 308", read_redirect_status,
                                 "of the answer")
                    .with_default("308"),
                text<&Redirect::scheme>("scheme", check_scheme,
                                        "\"http\" or \"https\"; empty: the request's"),
                text<&Redirect::host>("host", check_authority,
                                      "with a port where needed; empty: the request's"),
                text<&Redirect::path>("path", check_optional_path,
                                      "replaces the path; empty: the request's"),
                flag<&Redirect::keep_query>("keep_query", "the query goes along"),
            },
        .not_available = {},
    };
    return section;
}

const Section<Respond>& respond_section() {
    static const Section<Respond> section{
        .heading = "[route.respond]",
        .meaning = "A fixed answer.",
        .keys =
            {
                count<&Respond::status>("status", {200, 599}, "of the answer"),
                text<&Respond::body>("body", check_any, "its body; empty: none"),
                text<&Respond::content_type>("content_type", check_header_value,
                                             "its Content-Type"),
            },
        .not_available = {},
    };
    return section;
}

void read_names(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    const auto refer = [&](const toml::node& element) {
        const auto* name = element.as_string();
        if (name == nullptr) {
            return reading.complain(
                element, fmt::format("`{}`: expected the name of a listener, found {}", rule.name,
                                     type_found(element)));
        }
        const auto index =
            find_name(reading, place_of(element), "listener", name->get(), reading.listener_names);
        if (index) route.listeners.push_back(*index);
    };
    if (const toml::array* array = node.as_array()) {
        for (const toml::node& element : *array) refer(element);
        if (array->empty())
            reading.complain(node, fmt::format("`{}`: is empty; leave it out for all", rule.name));
    } else {
        refer(node);
    }
}

void read_hosts(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    read_value(reading, {.name = rule.name, .kind = Kind::texts, .check = check_host_pattern}, node,
               &route.hosts);
    for (std::string& host : route.hosts) {  // RFC 9110 4.2.3: hosts ignore case
        std::ranges::transform(host, host.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
}

void read_pool_name(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    const auto* name = node.as_string();
    if (name == nullptr) {
        return reading.complain(node, fmt::format("`{}`: expected the name of a pool, found {}",
                                                  rule.name, type_found(node)));
    }
    if (const auto index =
            find_name(reading, place_of(node), "pool", name->get(), reading.pool_names)) {
        route.to_pool = cluster::PoolIndex{*index};
    }
}

void read_split(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    const toml::table* table = node.as_table();
    if (table == nullptr || table->empty()) {
        return reading.complain(
            node, fmt::format(
                      "`{}`: expected a table of pools and weights, as {{ blue = 90, green = 10 }}",
                      rule.name));
    }
    if (table->size() > base::kSplitTargetsMax) {
        reading.complain(node, fmt::format("`{}`: {} pools; write at most {}", rule.name,
                                           table->size(), base::kSplitTargetsMax));
    }
    Split split;
    std::uint64_t total = 0;
    bool bad_weight = false;
    for (const auto& [key, value] : in_file_order(*table)) {
        const auto index =
            find_name(reading, place_of(*key), "pool", key->str(), reading.pool_names);
        const auto* weight = value->as_integer();
        if (weight == nullptr || weight->get() < 0 || weight->get() > cluster::kWeightMax) {
            reading.complain(
                *value, fmt::format("`{}`: the weight of `{}` must be a whole number from 0 to {}",
                                    rule.name, shown(key->str()), cluster::kWeightMax));
            bad_weight = true;
            continue;
        }
        total += static_cast<std::uint64_t>(weight->get());
        if (index)
            split.targets.emplace_back(cluster::PoolIndex{*index},
                                       static_cast<std::uint32_t>(weight->get()));
    }
    if (total == 0 && !bad_weight) {
        reading.complain(node,
                         fmt::format("`{}`: every weight is 0; give one pool a weight", rule.name));
    }
    route.split = std::move(split);
}

void read_redirect(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    Redirect redirect;
    if (!read_subsection(reading, rule, redirect_section(), node, redirect)) return;
    const toml::table& table = *node.as_table();
    if (!table.contains("scheme") && !table.contains("host") && !table.contains("path")) {
        reading.complain(
            node,
            fmt::format("`{}`: would send the client to the same place; give it a `scheme`, `host` "
                        "or `path`",
                        rule.name));
    }
    route.redirect = std::move(redirect);
}

void read_respond(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    Respond respond;
    if (!read_subsection(reading, rule, respond_section(), node, respond)) return;
    const bool bodiless = respond.status == 204 || respond.status == 205 || respond.status == 304;
    if (bodiless && !respond.body.empty()) {  // RFC 9110 15.3.5, 15.3.6, 15.4.5
        reading.complain(*node.as_table()->get("body"),
                         fmt::format("`body`: a {} answer has none; remove it", respond.status));
    }
    route.respond = std::move(respond);
}

template <auto Part>
void read_edit_key(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    read_header_edits(reading, rule, node, route.*Part);
}

template <auto Part, Check check_name_of>
void read_match_key(Reading& reading, const Rule& rule, const toml::node& node, Route& route) {
    read_matches(reading, rule, node, check_name_of, route.*Part);
}

void append_conditions(std::vector<Key<Route>>& keys) {
    const std::vector<Key<Route>> conditions{
        custom<Route>("listener", "a string or an array of strings", read_names,
                      "only requests of these listeners")
            .with_default("all"),
        custom<Route>(
            "host", "a string or an array of strings", read_hosts,
            "\"a.example\" or \"*.example\" (any name below it); case and port are ignored")
            .with_default("any"),
        text<&Route::path>("path", check_path, "the whole path").with_default("any"),
        text<&Route::path_prefix>(
            "path_prefix", check_path,
            "whole segments: \"/api\" matches \"/api\" and \"/api/x\", not \"/apix\"")
            .with_default("any"),
        text<&Route::path_regex>("path_regex", check_regex,
                                 "ECMAScript, matched against the whole path")
            .with_default("any"),
        texts<&Route::methods>("method", check_method, "in capitals").with_default("any"),
        custom<Route>("headers", "a table of conditions",
                      read_match_key<&Route::headers, check_header_name>,
                      "conditions on header fields")
            .with_default("none"),
        custom<Route>("query", "a table of conditions", read_match_key<&Route::queries, check_name>,
                      "conditions on query parameters")
            .with_default("none"),
    };
    keys.insert(keys.end(), conditions.begin(), conditions.end());
}

void append_actions(std::vector<Key<Route>>& keys) {
    const std::vector<Key<Route>> actions{
        custom<Route>("pool", "a string", read_pool_name, "action: to this pool")
            .with_default("none"),
        custom<Route>("split", "a table of weights", read_split,
                      "action: to several pools by weight (0 to 1000), as `{ blue = 90, green = 10 "
                      "}`; at most 16")
            .with_default("none"),
        custom<Route>("redirect", "the table [route.redirect]", read_redirect, "action: a redirect")
            .with_default("none"),
        custom<Route>("respond", "the table [route.respond]", read_respond,
                      "action: a fixed answer")
            .with_default("none"),
        flag<&Route::strip_prefix>("strip_prefix",
                                   "removes `path_prefix` from the path that the pool sees"),
        text<&Route::rewrite>(
            "rewrite", check_path,
            "what replaces the matched path or prefix; with `path_regex` it may use $1 to $9")
            .with_default("none"),
        custom<Route>("request_headers", "the table [route.request_headers]",
                      read_edit_key<&Route::request_headers>, "header edits of the request")
            .with_default("none"),
        custom<Route>("response_headers", "the table [route.response_headers]",
                      read_edit_key<&Route::response_headers>, "header edits of the response")
            .with_default("none"),
        duration<&Route::request_timeout>("request_timeout", between(Duration(0), hours(24 * 30)),
                                          "a whole request; 0s: the listener's"),
    };
    keys.insert(keys.end(), actions.begin(), actions.end());
}

const Section<Route>& route_section() {
    static const Section<Route> section = [] {
        Section<Route> result{
            .heading = "[[route]]",
            .meaning =
                "Which requests go where. The most specific route wins: exact host before wildcard "
                "before any; "
                "exact path before longer prefix before regex before any; more conditions before "
                "fewer; then "
                "the order of the file. Exactly one action: pool, split, redirect or respond.",
            .keys = {text<&Route::name>("name", check_name, "its name in logs and metrics")
                         .with_default("\"route-N\", counted from 1")},
            .not_available = {"mirror", "cache", "rate_limit"},
        };
        append_conditions(result.keys);
        append_actions(result.keys);
        return result;
    }();
    return section;
}

/// The keys of `names` that the table has, in the order of the list.
std::vector<std::string_view> present(const toml::table& table,
                                      std::span<const std::string_view> names) {
    std::vector<std::string_view> result;
    for (const std::string_view name : names) {
        if (table.contains(name)) result.push_back(name);
    }
    return result;
}

void check_rewrite_groups(Reading& reading, const toml::node& node, const Route& route) {
    if (route.path_regex.empty()) return;
    const unsigned groups = regex_groups(route.path_regex);
    for (std::size_t at = route.rewrite.find('$'); at != std::string::npos;
         at = route.rewrite.find('$', at + 1)) {
        if (at + 1 == route.rewrite.size()) break;
        const char digit = route.rewrite[at + 1];
        if (digit < '1' || digit > '9' || static_cast<unsigned>(digit - '0') <= groups) continue;
        reading.complain(
            node,
            fmt::format("`rewrite`: ${} stands for a group that `path_regex` does not have (it has "
                        "{}); add the group or remove it",
                        digit, groups));
        return;
    }
}

void check_path_changes(Reading& reading, const toml::table& table, const Route& route) {
    const toml::node* rewrite = table.get("rewrite");
    const toml::node* strip = route.strip_prefix ? table.get("strip_prefix") : nullptr;
    if (strip != nullptr && !table.contains("path_prefix")) {
        reading.complain(*strip, "`strip_prefix` needs `path_prefix`; add it or remove this");
    }
    if (strip != nullptr && rewrite != nullptr) {
        reading.complain(*rewrite, "`rewrite` and `strip_prefix` exclude each other; remove one");
    }
    if (rewrite != nullptr && present(table, kPaths).empty()) {
        reading.complain(
            *rewrite,
            "`rewrite` needs `path`, `path_prefix` or `path_regex`; add one or remove this");
    }
    if (rewrite != nullptr) check_rewrite_groups(reading, *rewrite, route);
    const bool forwards = table.contains("pool") || table.contains("split");
    if (present(table, kActions).size() != 1 || forwards) return;
    for (const std::string_view name :
         {"strip_prefix", "rewrite", "request_headers", "request_timeout"}) {
        if (const toml::node* node = table.get(name)) {
            reading.complain(
                *node,
                fmt::format("`{}` has no effect on a route that goes to no pool; remove it", name));
        }
    }
}

void check_route(Reading& reading, const toml::table& table, const Route& route,
                 const std::vector<std::string>& meant) {
    const auto actions = present(table, kActions);
    const bool mistyped = std::ranges::find_first_of(meant, kActions) != meant.end();
    if (actions.empty() && !mistyped) {
        reading.complain(
            table,
            fmt::format("the route `{}` has no action; add one of `pool`, `split`, `redirect` and "
                        "`respond`",
                        shown(route.name)));
    }
    for (std::size_t i = 1; i < actions.size(); ++i) {
        reading.complain(*table.get(actions[i]),
                         fmt::format("the route `{}` has two actions, `{}` and `{}`; remove one",
                                     shown(route.name), actions[0], actions[i]));
    }
    const auto paths = present(table, kPaths);
    for (std::size_t i = 1; i < paths.size(); ++i) {
        reading.complain(
            *table.get(paths[i]),
            fmt::format("`{}` and `{}` exclude each other; remove one", paths[0], paths[i]));
    }
    check_path_changes(reading, table, route);
}

}  // namespace

void read_routes(Reading& reading, const toml::node& node, Config& config) {
    std::vector<std::string> names;
    for (const toml::table* table : tables_of(reading, "[[route]]", node, base::kRoutesMax)) {
        Route route;
        route.name = fmt::format("route-{}", config.routes.size() + 1);
        const auto meant = read_section(reading, route_section(), *table, route);
        check_route(reading, *table, route, meant);
        add_name(reading, *table, "route", route.name, names);
        const Place place = place_of(*table);
        route.config_place =
            fmt::format("{}:{}:{}", reading.errors.file(), place.line, place.column);
        config.routes.push_back(std::move(route));
    }
}

void describe_route(std::vector<SectionText>& out) {
    out.push_back(describe(route_section()));
    out.push_back(describe(redirect_section()));
    out.push_back(describe(respond_section()));
}

}  // namespace ringway::config
