// The content layer of a check; see content.h.
#include "ringway/health/content.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <map>
#include <optional>
#include <regex>

namespace ringway::health {
namespace {

using config::ContentRule;
using simdjson::dom::element;
using Outcome = std::expected<void, std::string>;

constexpr std::size_t kExpressionsMax = 256;  // compiled and kept, each thread

// libstdc++ has a breadth-first matcher beside its backtracking one: no deep recursion and time
// linear in the text, so that no body can stall a shard or exhaust its stack. It refuses
// back-references.
#if defined(__GLIBCXX__)
constexpr auto kBounded = std::regex_constants::ECMAScript | std::regex_constants::__polynomial;
#else
constexpr auto kBounded = std::regex_constants::ECMAScript;
#endif

std::optional<std::regex> compile(const std::string& expression) {
    try {
        // A search begins anew at each byte, which makes it quadratic: match the whole instead.
        return std::regex("[\\s\\S]*(?:" + expression + ")[\\s\\S]*", kBounded);
    } catch (const std::regex_error&) {
        return std::nullopt;
    }
}

/// Nothing when it is malformed or has back-references.
const std::optional<std::regex>& compiled(const std::string& expression) {
    thread_local std::map<std::string, std::optional<std::regex>, std::less<>> kept;
    auto at = kept.find(expression);
    if (at == kept.end()) {
        if (kept.size() >= kExpressionsMax) kept.clear();  // texts of configurations long gone
        at = kept.emplace(expression, compile(expression)).first;
    }
    return at->second;
}

/// False as well when the matcher gives up.
bool matches(const std::regex& regex, std::string_view text) {
    try {
        return std::regex_match(text.begin(), text.end(), regex);
    } catch (const std::regex_error&) {
        return false;
    }
}

/// The beginning of a text that may be long, whole characters of UTF-8 only.
std::string shortened(std::string_view text) {
    constexpr std::size_t kShown = 64;
    if (text.size() <= kShown) return std::string(text);
    std::size_t end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return std::string(text.substr(0, end)) + "...";
}

/// The JSON of a value, to be shown.
std::string shown(const element& value) { return shortened(simdjson::minify(value)); }

std::string_view kind_of(const element& value) {
    switch (value.type()) {
        case simdjson::dom::element_type::ARRAY:
            return "an array";
        case simdjson::dom::element_type::OBJECT:
            return "an object";
        case simdjson::dom::element_type::INT64:
        case simdjson::dom::element_type::UINT64:
        case simdjson::dom::element_type::DOUBLE:
            return "a number";
        case simdjson::dom::element_type::STRING:
            return "a string";
        case simdjson::dom::element_type::BOOL:
            return "a boolean";
        case simdjson::dom::element_type::NULL_VALUE:
            return "null";
    }
    return "something else";
}

std::unexpected<std::string> fault(std::string sentence) {
    return std::unexpected(std::move(sentence));
}

/// Why simdjson does not read a body, in words that do not depend on its version.
std::string_view reason_of(simdjson::error_code code) {
    if (code == simdjson::EMPTY) return "it is empty";
    if (code == simdjson::UTF8_ERROR) return "it has invalid UTF-8";
    if (code == simdjson::DEPTH_ERROR) return "it is too deeply nested";
    if (code == simdjson::NUMBER_ERROR) return "it has a malformed or too large number";
    if (code == simdjson::MEMALLOC || code == simdjson::CAPACITY) return "it is too large";
    if (code == simdjson::UNCLOSED_STRING) return "it ends within a string";
    return "it is malformed";
}

/// One document. The parser owns what `root` refers to.
class Json {
 public:
    /// What is wrong with it, or nothing.
    Outcome parse(std::string_view text) {
        constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
        if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
        const auto code = parser_.parse(text.data(), text.size()).get(root_);
        if (code != simdjson::SUCCESS)
            return fault(fmt::format("the body is not JSON that can be read: {}", reason_of(code)));
        return {};
    }
    const element& root() const { return root_; }

 private:
    simdjson::dom::parser parser_;
    element root_;
};

bool is_equal(const element& value, const std::string& text) {
    if (value.is_string()) return value.get_string().value_unsafe() == text;
    Json wanted;
    if (!wanted.parse(text)) return false;
    const element& other = wanted.root();
    if (simdjson::minify(value) == simdjson::minify(other)) return true;
    // is_double() is true of every number; whole ones were compared to the last bit
    const bool real = value.type() == simdjson::dom::element_type::DOUBLE ||
                      other.type() == simdjson::dom::element_type::DOUBLE;
    return real && value.is_number() && other.is_number() &&
           value.get_double().value_unsafe() == other.get_double().value_unsafe();
}

Outcome check_equals(const ContentRule& rule, const element& value) {
    if (is_equal(value, rule.value)) return {};
    return fault(
        fmt::format("\"{}\" is {}, not {}", rule.pointer, shown(value), shortened(rule.value)));
}

Outcome check_non_empty_array(const ContentRule& rule, const element& value) {
    if (!value.is_array())
        return fault(fmt::format("\"{}\" is {}, not an array", rule.pointer, kind_of(value)));
    const auto array = value.get_array().value_unsafe();
    if (array.begin() != array.end()) return {};
    return fault(fmt::format("\"{}\" is an empty array", rule.pointer));
}

Outcome check_matches(const ContentRule& rule, const element& value) {
    if (!value.is_string())
        return fault(fmt::format("\"{}\" is {}, not a string", rule.pointer, kind_of(value)));
    const std::string_view text = value.get_string().value_unsafe();
    if (text.size() > kMatchedBytesMax) {
        return fault(fmt::format("\"{}\" is a string of {} bytes; longer than {} is not matched",
                                 rule.pointer, text.size(), kMatchedBytesMax));
    }
    const auto& regex = compiled(rule.value);
    if (!regex) {
        return fault(fmt::format("{} is no expression that can be matched (no back-references)",
                                 shortened(rule.value)));
    }
    if (matches(*regex, text)) return {};
    return fault(fmt::format("\"{}\" is {}, which {} does not match", rule.pointer, shown(value),
                             shortened(rule.value)));
}

Outcome check_contains(const ContentRule& rule, std::string_view body, bool cut) {
    if (body.find(rule.value) != std::string_view::npos) return {};
    return fault(
        fmt::format("the {} not contain \"{}\"",
                    cut ? fmt::format("body's first {} bytes do", body.size()) : "body does",
                    shortened(rule.value)));
}

Outcome check_json(const ContentRule& rule, const element& root) {
    element value;
    if (root.at_pointer(rule.pointer).get(value) != simdjson::SUCCESS)
        return fault(fmt::format("\"{}\" is not there", rule.pointer));
    switch (rule.kind) {
        case ContentRule::Kind::contains:
        case ContentRule::Kind::exists:
            return {};
        case ContentRule::Kind::non_empty_array:
            return check_non_empty_array(rule, value);
        case ContentRule::Kind::equals:
            return check_equals(rule, value);
        case ContentRule::Kind::matches:
            return check_matches(rule, value);
    }
    return {};
}

}  // namespace

std::expected<void, std::string> check_content(std::span<const config::ContentRule> rules,
                                               std::string_view body, bool cut) {
    std::optional<Json> json;
    for (const ContentRule& rule : rules) {
        if (rule.kind == ContentRule::Kind::contains) {
            if (auto outcome = check_contains(rule, body, cut); !outcome) return outcome;
            continue;
        }
        if (!json) {
            if (cut) return fault("the body is longer than max_body: its JSON cannot be read");
            if (auto outcome = json.emplace().parse(body); !outcome) return outcome;
        }
        if (auto outcome = check_json(rule, json->root()); !outcome) return outcome;
    }
    return {};
}

}  // namespace ringway::health
