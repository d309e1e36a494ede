// [pool.health] and [[pool.health.check]]: the active checks that are made of every upstream of a
// pool, and what follows from them.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kKinds[] = {"tcp", "http", "agent"};
constexpr std::size_t kSendBytesMax = 4096;
constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kStatusRangesMax = 32;
constexpr Bounds kCount = {1, 100};

Complaint check_exchange(std::string_view text) {
    if (text.empty()) return "is empty; write at least one byte or leave it out";
    if (text.size() > kSendBytesMax)
        return fmt::format("is longer than {} bytes; shorten it", kSendBytesMax);
    return {};
}

Complaint check_body(std::string_view text) {
    if (text.size() > kBodyBytesMax) return "is longer than 64 KiB; shorten it";
    return {};
}

// -- content

/// A rule as the file has it: `form` says which of the forms it is.
struct ContentForm {
    std::string pointer;
    std::string contains;
    bool exists = true;
    bool non_empty_array = true;
    std::string equals;
    std::string matches;
};

void read_equals(Reading& reading, const Rule& rule, const toml::node& node, ContentForm& form) {
    if (const auto* value = node.as_string()) {
        form.equals = value->get();
    } else if (const auto* number = node.as_integer()) {
        form.equals = std::to_string(number->get());
    } else if (const auto* flag = node.as_boolean()) {
        form.equals = flag->get() ? "true" : "false";
    } else if (node.is_floating_point()) {
        // 1.5, 1.50 and 15e-1 are one number to TOML and three texts in an answer
        reading.complain(node,
                         fmt::format("`{}`: write a number with a point as a string, in the form "
                                     "in which the answer has it",
                                     rule.name));
    } else {
        reading.complain(node, fmt::format("`{}`: expected {}, found {}", rule.name, rule.shape,
                                           type_found(node)));
    }
}

const Section<ContentForm>& content_section() {
    static const Section<ContentForm> section{
        .heading = "[[pool.health.check.content]]",
        .meaning =
            "What the body of an answer to a check must be. Each rule has exactly one of "
            "`contains`, `exists`, `non_empty_array`, `equals` and `matches`, as `{ pointer = "
            "\"/models\", non_empty_array = true }`. All rules must hold. A JSON rule fails a body "
            "that is longer than `max_body`.",
        .keys =
            {
                text<&ContentForm::pointer>("pointer", check_json_pointer,
                                            "a JSON pointer (RFC 6901), as \"/status\" or "
                                            "\"/data/0/id\"; every form but `contains` needs it")
                    .with_default("none"),
                text<&ContentForm::contains>("contains", check_exchange,
                                             "the body has this text in it")
                    .with_default("none"),
                flag<&ContentForm::exists>("exists", "true: the pointer leads somewhere")
                    .with_default("none"),
                flag<&ContentForm::non_empty_array>("non_empty_array",
                                                    "true: ... to an array with an element")
                    .with_default("none"),
                custom<ContentForm>("equals", "a string, a whole number, or true or false",
                                    read_equals, "... to this value")
                    .with_default("none"),
                text<&ContentForm::matches>("matches", check_regex,
                                            "... to a string in which this ECMAScript regular "
                                            "expression matches somewhere")
                    .with_default("none"),
            },
    };
    return section;
}

struct FormName {
    std::string_view key;
    ContentRule::Kind kind;
};

constexpr FormName kForms[] = {{"contains", ContentRule::Kind::contains},
                               {"exists", ContentRule::Kind::exists},
                               {"non_empty_array", ContentRule::Kind::non_empty_array},
                               {"equals", ContentRule::Kind::equals},
                               {"matches", ContentRule::Kind::matches}};

/// The one form that the rule has; complains of none and of several.
std::optional<ContentRule::Kind> form_of(Reading& reading, const toml::table& table,
                                         const std::vector<std::string>& meant) {
    std::optional<ContentRule::Kind> kind;
    int forms = 0;
    bool mistyped = false;
    for (const FormName& form : kForms) {
        mistyped = mistyped || std::ranges::find(meant, form.key) != meant.end();
        const toml::node* node = table.get(form.key);
        if (node == nullptr) continue;
        ++forms;
        kind = form.kind;
        const bool flag = form.kind == ContentRule::Kind::exists ||
                          form.kind == ContentRule::Kind::non_empty_array;
        if (flag && node->value<bool>() == false) {
            reading.complain(*node, fmt::format("`{0} = false` is no rule; write `{0} = true` or "
                                                "remove it",
                                                form.key));
        }
    }
    if (forms == 1) return kind;
    if (forms > 1 || !mistyped) {
        reading.complain(table,
                         "`content`: write exactly one of `contains`, `exists`, `non_empty_array`, "
                         "`equals` and `matches` in a rule");
    }
    return {};
}

void read_content_rule(Reading& reading, const toml::table& table, HealthCheck& check) {
    ContentForm form;
    const auto meant = read_section(reading, content_section(), table, form);
    const auto kind = form_of(reading, table, meant);
    if (!kind) return;
    const toml::node* pointer = table.get("pointer");
    const bool wants_pointer = *kind != ContentRule::Kind::contains;
    if (wants_pointer && pointer == nullptr && std::ranges::find(meant, "pointer") == meant.end()) {
        reading.complain(table,
                         "`content`: the rule needs a `pointer` to the value, as \"/status\"");
    }
    if (!wants_pointer && pointer != nullptr) {
        reading.complain(
            *pointer,
            "`pointer` has no effect beside `contains`, which looks at the whole body; "
            "remove it");
    }
    std::string value;
    if (*kind == ContentRule::Kind::contains) value = std::move(form.contains);
    if (*kind == ContentRule::Kind::equals) value = std::move(form.equals);
    if (*kind == ContentRule::Kind::matches) value = std::move(form.matches);
    check.content.push_back({*kind, std::move(form.pointer), std::move(value)});
}

void read_content(Reading& reading, const Rule& rule, const toml::node& node, HealthCheck& check) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        return reading.complain(
            node, fmt::format("`{}`: expected {}, as [{{ contains = \"ready\" }}], found {}",
                              rule.name, rule.shape, type_found(node)));
    }
    for (const toml::table* table :
         tables_of(reading, content_section().heading, node, base::kContentRulesMax)) {
        read_content_rule(reading, *table, check);
    }
}

// -- the check

void read_kind(Reading& reading, const Rule& rule, const toml::node& node, HealthCheck& check) {
    const auto* text = node.as_string();
    if (text != nullptr && text->get() == "grpc") {
        return reading.complain(node,
                                "`kind`: \"grpc\" is not available in this version; write "
                                "\"tcp\" or \"http\"");
    }
    Rule word_rule = rule;
    word_rule.kind = Kind::word;
    word_rule.words = kKinds;
    read_value(reading, word_rule, node, &check.kind);
}

/// "200-299", or nothing.
std::optional<StatusRange> parse_range(std::string_view text) {
    const auto status = [](std::string_view digits) -> std::optional<std::uint16_t> {
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (digits.size() != 3 || !std::ranges::all_of(digits, digit)) return {};
        const int value = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        if (value < 200 || value > 599) return {};
        return static_cast<std::uint16_t>(value);
    };
    if (text.size() != 7 || text[3] != '-') return {};
    const auto first = status(text.substr(0, 3));
    const auto last = status(text.substr(4));
    if (!first || !last || *first > *last) return {};
    return StatusRange{*first, *last};
}

std::optional<StatusRange> read_range(const toml::node& node) {
    if (const auto* text = node.as_string()) return parse_range(text->get());
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < 200 || number->get() > 599) return {};
    const auto status = static_cast<std::uint16_t>(number->get());
    return StatusRange{status, status};
}

void read_expected_statuses(Reading& reading, const Rule& rule, const toml::node& node,
                            HealthCheck& check) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty() || array->size() > kStatusRangesMax) {
        return reading.complain(
            node, fmt::format("`{}`: write an array of 1 to {} statuses, as [200, \"300-399\"]",
                              rule.name, kStatusRangesMax));
    }
    check.expected_statuses.clear();
    for (const toml::node& element : *array) {
        if (const auto range = read_range(element)) {
            check.expected_statuses.push_back(*range);
        } else {
            reading.complain(element,
                             fmt::format("`{}`: write statuses from 200 to 599 and ranges of them, "
                                         "as [200, \"300-399\"]",
                                         rule.name));
        }
    }
}

void read_check_headers(Reading& reading, const Rule& rule, const toml::node& node,
                        HealthCheck& check) {
    read_edits(reading, rule, node, HeaderEdit::Kind::set, check.headers);
    if (check.headers.size() > base::kHeaderEditsMax) {
        reading.complain(node, fmt::format("`headers`: {} fields; write at most {}",
                                           check.headers.size(), base::kHeaderEditsMax));
    }
    const toml::table* table = node.as_table();
    if (table == nullptr) return;
    for (const auto& [key, value] : *table) {
        std::string name(key.str());
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        });
        if (name == "x-health-check" || name == "x-instance-id" || name == "x-app-name") {
            reading.errors.add(place_of(key),
                               fmt::format("`headers`: every check has its own \"{}\"; remove this "
                                           "(`app_name` of [pool.health] sets X-App-Name)",
                                           shown(key.str())));
        }
    }
}

void append_timing(std::vector<Key<HealthCheck>>& keys) {
    const Bounds delay = between(Duration(0), hours(1));
    const Bounds interval = between(milliseconds(10), hours(24));
    const std::vector<Key<HealthCheck>> timing{
        flag<&HealthCheck::enabled>("enabled", "false: it is not made"),
        duration<&HealthCheck::initial_delay>("initial_delay", delay, "before the first one"),
        duration<&HealthCheck::interval>("interval", interval, "from one to the next"),
        duration<&HealthCheck::fast_interval>(
            "fast_interval", interval,
            "instead of `interval`, while the verdict is turning, unknown or down; at most "
            "`interval`")
            .with_default("\"1s\", or `interval` when that is less"),
        duration<&HealthCheck::timeout>("timeout", between(milliseconds(1), hours(24)),
                                        "of a whole check; at most `interval`")
            .with_default("\"2s\", or `interval` when that is less"),
        count<&HealthCheck::fall>("fall", kCount, "failures in a row that take the upstream out"),
        count<&HealthCheck::rise>("rise", kCount, "successes in a row that bring it back"),
        duration<&HealthCheck::expected_latency>(
            "expected_latency", delay,
            "an upstream that answers later, `rise` times in a row, is degraded; 0s: not compared"),
        count<&HealthCheck::retries>("retries", {0, 10}, "within one check, before it failed"),
        duration<&HealthCheck::retry_delay>("retry_delay", between(milliseconds(1), minutes(1)),
                                            "before the first of them; doubles"),
        count<&HealthCheck::jitter_percent>("jitter_percent", {0, 100},
                                            "of the interval, so that checks do not come together"),
        count<&HealthCheck::port>("port", {0, 65535}, "to connect to; 0: the upstream's"),
    };
    keys.insert(keys.end(), timing.begin(), timing.end());
}

void append_request(std::vector<Key<HealthCheck>>& keys) {
    const std::vector<Key<HealthCheck>> request{
        text<&HealthCheck::send>("send", check_exchange,
                                 "tcp, and agent without `path`: sent once connected"),
        text<&HealthCheck::expect>("expect", check_exchange,
                                   "tcp: bytes that the answer starts with"),
        text<&HealthCheck::path>("path", check_target,
                                 "http: the path to ask for, perhaps with a query; agent: asks it "
                                 "over HTTP")
            .with_default("\"/\"; of an agent none"),
        text<&HealthCheck::method>("method", check_probe_method, "GET, HEAD, POST or PUT"),
        text<&HealthCheck::host>(
            "host", check_authority,
            "the Host field; empty: the upstream's `host_header`, else its address"),
        custom<HealthCheck>("headers", "a table of headers", read_check_headers,
                            "of the request, beside the upstream's `headers`; values may be "
                            "secrets")
            .with_default("{}"),
        text<&HealthCheck::body>("body", check_body, "of a POST or PUT"),
        custom<HealthCheck>("expected_statuses", "an array of statuses and ranges",
                            read_expected_statuses, "answers that pass")
            .with_default("[\"200-299\"]"),
        flag<&HealthCheck::follow_redirects>("follow_redirects",
                                             "to the same host and port, at most 3 times"),
        flag<&HealthCheck::keep_alive>("keep_alive", "on one warm connection, not a new one each"),
        size<&HealthCheck::max_body>("max_body", {1, 16 << 20},
                                     "of an answer's body that is kept and looked at"),
        custom<HealthCheck>("content", "an array of rules", read_content,
                            "what the body must be: see [[pool.health.check.content]]")
            .with_default("[]"),
    };
    keys.insert(keys.end(), request.begin(), request.end());
}

constexpr std::string_view kHttpKeys[] = {
    "path",      "method", "host", "headers", "body", "expected_statuses", "follow_redirects",
    "keep_alive"};

/// Complains of each key that is there, with `why` as the end of the sentence.
void complain_of(const Given& given, std::span<const std::string_view> keys, std::string_view why) {
    for (const std::string_view key : keys) {
        if (given.node(key) == nullptr) continue;
        given.complain(key, fmt::format("`{}` has no effect {}; remove it", key, why));
    }
}

/// Keys of another kind of check than this one.
void check_kind(const Given& given, HealthCheck& check) {
    constexpr std::string_view kSendKeys[] = {"send", "expect"};
    constexpr std::string_view kExpect[] = {"expect"};
    constexpr std::string_view kBodyKeys[] = {"max_body", "content"};
    constexpr std::string_view kContent[] = {"content"};
    switch (check.kind) {
        case CheckKind::tcp:
            complain_of(given, kHttpKeys, "with `kind = \"tcp\"`");
            complain_of(given, kBodyKeys, "with `kind = \"tcp\"`");
            return;
        case CheckKind::http:
            complain_of(given, kSendKeys, "without `kind = \"tcp\"`");
            return;
        case CheckKind::agent:
            complain_of(given, kExpect, "without `kind = \"tcp\"`");
            complain_of(given, kContent, "with `kind = \"agent\"`, whose answer has its own form");
            if (given.node("path") != nullptr) {
                complain_of(given, {kSendKeys, 1}, "beside `path`, which asks over HTTP");
            } else if (!given.in_doubt("path")) {
                check.path.clear();
                complain_of(given, kHttpKeys, "without `path`: the agent is not asked over HTTP");
            }
            return;
    }
}

void check_check(const Given& given, HealthCheck& check) {
    if (given.node("timeout") == nullptr) check.timeout = std::min(check.timeout, check.interval);
    if (given.node("fast_interval") == nullptr)
        check.fast_interval = std::min(check.fast_interval, check.interval);
    check_order(given, "timeout", check.timeout, "interval", check.interval);
    check_order(given, "fast_interval", check.fast_interval, "interval", check.interval);
    if (!given.in_doubt("kind")) check_kind(given, check);
    const bool bodiless = check.method == "GET" || check.method == "HEAD";
    if (!check.body.empty() && bodiless && !given.in_doubt("method") && !given.in_doubt("body")) {
        given.complain("body", fmt::format("`body`: a {} request has none; write `method = "
                                           "\"POST\"` or remove it",
                                           check.method));
    }
    if (given.node("content") != nullptr && check.method == "HEAD" && !given.in_doubt("content")) {
        given.complain("content",
                       "`content`: the answer to a HEAD request has no body; write `method = "
                       "\"GET\"` or remove it");
    }
    if (given.node("name") != nullptr || given.in_doubt("kind") || given.in_doubt("path")) return;
    switch (check.kind) {
        case CheckKind::tcp:
            check.name = "tcp";
            return;
        case CheckKind::http:
            check.name = "http " + check.path;
            return;
        case CheckKind::agent:
            check.name = "agent";
            return;
    }
}

const Section<HealthCheck>& check_section() {
    static const Section<HealthCheck> section = [] {
        Section<HealthCheck> result{
            .heading = "[[pool.health.check]]",
            .meaning =
                "One check, made again and again of each upstream of the pool. 429 is never a "
                "failure: the check waits as long as the answer asks, else 2 s. 401 and 403, where "
                "not expected, are a fault of credentials and no outage.",
            .keys =
                {
                    text<&HealthCheck::name>("name", check_name,
                                             "its name in logs and metrics; unique in the pool")
                        .with_default("\"http /path\", \"tcp\" or \"agent\""),
                    custom<HealthCheck>("kind", "\"tcp\", \"http\" or \"agent\"", read_kind,
                                        "what it does: connect, ask for a path, or ask the "
                                        "upstream's agent how much traffic it wants")
                        .with_default("\"http\""),
                },
            .not_available = {"http2", "tls", "certificate_verify", "grpc_service"},
            .check = check_check,
        };
        append_timing(result.keys);
        append_request(result.keys);
        return result;
    }();
    return section;
}

void read_checks(Reading& reading, const Rule&, const toml::node& node, Health& health) {
    std::vector<std::string> names;
    for (const toml::table* table :
         tables_of(reading, "[[pool.health.check]]", node, base::kChecksPerPoolMax)) {
        HealthCheck check;
        read_section(reading, check_section(), *table, check);
        add_name(reading, *table, "check", check.name, names);
        health.checks.push_back(std::move(check));
    }
}

}  // namespace

const Section<Health>& health_section() {
    static const Section<Health> section{
        .heading = "[pool.health]",
        .meaning = "Active checks of the upstreams, and what follows from all that is known.",
        .keys =
            {
                custom<Health>("check", "[[pool.health.check]]", read_checks,
                               "the checks; an upstream is as well as its worst one")
                    .with_default("none: upstreams count as healthy until requests fail"),
                count<&Health::degraded_weight_percent>("degraded_weight_percent", {1, 100},
                                                        "of its weight, for a degraded upstream"),
                count<&Health::panic_percent>(
                    "panic_percent", {0, 100},
                    "when less of the pool than this is usable, ejected upstreams are used again; "
                    "0: never"),
                text<&Health::app_name>("app_name", check_header_value, "X-App-Name of checks")
                    .with_default("the pool's name"),
            },
    };
    return section;
}

void check_pool_health(Reading& reading, const toml::node* node, Pool& pool) {
    if (pool.health.app_name.empty()) pool.health.app_name = pool.name;
    const auto is_unix = [](const Upstream& upstream) {
        return upstream.literal && !upstream.literal->is_ip();
    };
    const auto socket = std::ranges::find_if(pool.upstreams, is_unix);
    const toml::table* health = node != nullptr ? node->as_table() : nullptr;
    const toml::array* checks = health != nullptr ? (*health)["check"].as_array() : nullptr;
    if (socket == pool.upstreams.end() || checks == nullptr) return;
    for (const toml::node& check : *checks) {
        const toml::node* port = check.is_table() ? check.as_table()->get("port") : nullptr;
        if (port == nullptr || port->value<int>() == 0) continue;
        reading.complain(*port, fmt::format("`port`: the upstream `{}` is a unix socket, which has "
                                            "none; remove this or move the upstream to another "
                                            "pool",
                                            shown(socket->name)));
    }
}

void describe_health(std::vector<SectionText>& out) {
    out.push_back(describe(health_section()));
    out.push_back(describe(check_section()));
    SectionText content = describe(content_section());
    content.value_form = true;
    out.push_back(std::move(content));
}

}  // namespace ringway::config
