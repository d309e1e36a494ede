#include "ringway/config/section.h"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <optional>
#include <type_traits>

#include "ringway/base/assert.h"
#include "ringway/base/suggest.h"
#include "ringway/base/units.h"
#include "sections.h"

namespace ringway::config {

namespace {

template <class T>
concept Word = std::is_enum_v<T>;

double thousandths(std::uint64_t count) { return static_cast<double>(count) / 1000; }

void complain_type(Reading& reading, const Rule& rule, const toml::node& node) {
    reading.complain(node, fmt::format("`{}`: expected {}, found {}", rule.name, type_text(rule),
                                       type_found(node)));
}

void complain_check(Reading& reading, const Rule& rule, const toml::node& node,
                    std::string_view value, const std::string& complaint) {
    reading.complain(node, fmt::format("`{}`: \"{}\" {}", rule.name, shown(value), complaint));
}

/// The value when it is a string that passes the check of the rule.
const std::string* checked_text(Reading& reading, const Rule& rule, const toml::node& node) {
    const auto* value = node.as_string();
    if (value == nullptr) {
        complain_type(reading, rule, node);
        return nullptr;
    }
    if (const auto complaint = rule.check(value->get())) {
        complain_check(reading, rule, node, value->get(), *complaint);
        return nullptr;
    }
    return &value->get();
}

std::string written(const toml::node& node) {
    if (const auto* value = node.as_string()) return "\"" + shown(value->get()) + "\"";
    if (const auto* value = node.as_integer()) return std::to_string(value->get());
    if (const auto* value = node.as_floating_point()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
    return std::string(type_found(node));
}

/// The number of a count, size or duration, not yet held against its bounds; complains when there
/// is none.
std::optional<std::uint64_t> read_number(Reading& reading, const Rule& rule,
                                         const toml::node& node) {
    const auto* text = node.as_string();
    const auto* integer = node.as_integer();
    if (rule.kind == Kind::duration) {
        const auto value = text != nullptr ? base::parse_duration(text->get()) : std::nullopt;
        if (value) return static_cast<std::uint64_t>(value->count());
        const std::string advice =
            integer != nullptr && integer->get() >= 0
                ? fmt::format("write it with a unit, as \"{}s\"", integer->get())
                : "write a whole number and a unit, as \"250ms\", \"5s\" or \"1m\"";
        reading.complain(
            node, fmt::format("`{}`: {} is no duration; {}", rule.name, written(node), advice));
        return {};
    }
    if (rule.kind == Kind::size && text != nullptr) {
        if (const auto value = base::parse_size(text->get())) return value;
    }
    if (integer != nullptr && integer->get() >= 0)
        return static_cast<std::uint64_t>(integer->get());
    if (integer != nullptr) {
        reading.complain(node, fmt::format("`{}`: {} is out of bounds; write {}", rule.name,
                                           integer->get(), bounds_text(rule)));
    } else if (rule.kind == Kind::size) {
        reading.complain(
            node,
            fmt::format("`{}`: {} is no size; write bytes as a number, or a whole number and a "
                        "unit, as \"512B\", \"64KiB\" or \"1MiB\"",
                        rule.name, written(node)));
    } else {
        complain_type(reading, rule, node);
    }
    return {};
}

std::optional<std::uint64_t> read_bounded(Reading& reading, const Rule& rule,
                                          const toml::node& node) {
    const auto value = read_number(reading, rule, node);
    if (!value) return {};
    if (*value < rule.bounds.min || *value > rule.bounds.max) {
        reading.complain(node, fmt::format("`{}`: {} is out of bounds; write {}", rule.name,
                                           written(node), bounds_text(rule)));
        return {};
    }
    if (rule.power_of_two && !std::has_single_bit(*value)) {
        reading.complain(node, fmt::format("`{}`: {} is no power of two; write {} or {}", rule.name,
                                           *value, std::bit_floor(*value), std::bit_ceil(*value)));
        return {};
    }
    return value;
}

void read_into(Reading& reading, const Rule& rule, const toml::node& node, std::string& out) {
    if (const std::string* value = checked_text(reading, rule, node)) out = *value;
}

void read_into(Reading& reading, const Rule& rule, const toml::node& node,
               std::vector<std::string>& out) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        if (const std::string* value = checked_text(reading, rule, node)) out = {*value};
        return;
    }
    std::vector<std::string> values;
    for (const toml::node& element : *array) {
        const std::string* value = checked_text(reading, rule, element);
        if (value == nullptr) continue;
        if (std::ranges::find(values, *value) != values.end()) {
            complain_check(reading, rule, element, *value, "is there twice; remove one");
        }
        values.push_back(*value);
    }
    out = std::move(values);
}

void read_into(Reading& reading, const Rule& rule, const toml::node& node, bool& out) {
    const auto* value = node.as_boolean();
    if (value == nullptr) return complain_type(reading, rule, node);
    out = value->get();
}

void read_into(Reading& reading, const Rule& rule, const toml::node& node, double& out) {
    const auto value = node.value<double>();
    if (!value || node.is_boolean()) return complain_type(reading, rule, node);
    const bool inside = *value >= thousandths(rule.bounds.min) &&
                        *value <= thousandths(rule.bounds.max);  // false of NaN
    if (!inside && !(rule.or_zero && *value == 0)) {
        return reading.complain(node, fmt::format("`{}`: {} is out of bounds; write {}", rule.name,
                                                  written(node), bounds_text(rule)));
    }
    out = *value;
}

void read_into(Reading& reading, const Rule& rule, const toml::node& node, Duration& out) {
    if (const auto value = read_bounded(reading, rule, node))
        out = Duration(static_cast<std::int64_t>(*value));
}

template <std::unsigned_integral Number>
void read_into(Reading& reading, const Rule& rule, const toml::node& node, Number& out) {
    RW_ASSERT(rule.bounds.max <= std::numeric_limits<Number>::max());
    if (const auto value = read_bounded(reading, rule, node)) out = static_cast<Number>(*value);
}

template <Word Enum>
void read_into(Reading& reading, const Rule& rule, const toml::node& node, Enum& out) {
    const auto* value = node.as_string();
    if (value == nullptr) return complain_type(reading, rule, node);
    const auto at = std::ranges::find(rule.words, std::string_view(value->get()));
    if (at != rule.words.end()) {
        out = static_cast<Enum>(at - rule.words.begin());
        return;
    }
    const std::vector<std::string> known(rule.words.begin(), rule.words.end());
    std::string advice = base::did_you_mean(value->get(), known);
    if (advice.empty()) advice = "; write " + bounds_text(rule);
    reading.complain(
        node, fmt::format("`{}`: \"{}\" is not known{}", rule.name, shown(value->get()), advice));
}

std::string default_of(const Rule&, const std::string& value) { return "\"" + value + "\""; }
std::string default_of(const Rule&, bool value) { return value ? "true" : "false"; }
std::string default_of(const Rule&, double value) {
    const std::string text = fmt::format("{}", value);
    return text.find('.') == std::string::npos ? text + ".0" : text;
}
std::string default_of(const Rule&, Duration value) {
    return "\"" + base::format_duration(value) + "\"";
}
std::string default_of(const Rule&, const std::vector<std::string>&) { return "[]"; }

template <std::unsigned_integral Number>
std::string default_of(const Rule& rule, Number value) {
    if (rule.kind == Kind::size && value > 0) return "\"" + base::format_size(value) + "\"";
    return std::to_string(value);
}

template <Word Enum>
std::string default_of(const Rule& rule, Enum value) {
    return "\"" + std::string(rule.words[static_cast<std::size_t>(value)]) + "\"";
}

/// The heading of a section that has a key of exactly this name.
std::string_view other_section_with(const Reading& reading, std::string_view name,
                                    std::string_view heading) {
    for (const SectionText& section : reading.sections()) {
        const auto same = [&](const RuleText& key) { return key.rule.name == name; };
        if (section.value_form || section.heading == heading) continue;
        if (std::ranges::any_of(section.keys, same)) {
            return section.heading;
        }
    }
    return {};
}

void complain_order(const Given& given, std::string_view less_name, const std::string& less,
                    std::string_view more_name, const std::string& more) {
    if (given.in_doubt(less_name) || given.in_doubt(more_name)) return;
    given.complain(given.node(less_name) != nullptr ? less_name : more_name,
                   fmt::format("`{}` ({}) is more than `{}` ({}); lower the one or raise the other",
                               less_name, less, more_name, more));
}

}  // namespace

bool Given::in_doubt(std::string_view name) const {
    if (std::ranges::find(meant, name) != meant.end()) return true;
    const toml::node* value = node(name);
    return value != nullptr && reading.errors.stand_at(place_of(*value));
}

void Given::complain(std::string_view name, std::string message) const {
    const toml::node* value = node(name);
    RW_ASSERT(value != nullptr);
    reading.complain(*value, std::move(message));
}

void check_order(const Given& given, std::string_view less_name, std::uint64_t less,
                 std::string_view more_name, std::uint64_t more) {
    if (less <= more) return;
    complain_order(given, less_name, std::to_string(less), more_name, std::to_string(more));
}

void check_order(const Given& given, std::string_view less_name, Duration less,
                 std::string_view more_name, Duration more) {
    if (less <= more) return;
    complain_order(given, less_name, base::format_duration(less), more_name,
                   base::format_duration(more));
}

void read_value(Reading& reading, const Rule& rule, const toml::node& node, const Slot& slot) {
    std::visit(
        [&](auto out) {
            if constexpr (!std::is_same_v<decltype(out), std::monostate>)
                read_into(reading, rule, node, *out);
        },
        slot);
}

std::string_view complain_unknown(Reading& reading, const toml::key& key, std::string_view heading,
                                  std::span<const std::string> known, Words not_available) {
    const std::string name(key.str());
    const auto complain = [&](const std::string& message) {
        reading.errors.add(place_of(key), message);
    };
    if (std::ranges::find(not_available, std::string_view(name)) != not_available.end()) {
        complain(fmt::format("`{}` is not available in this version; remove it", name));
        return {};
    }
    std::string_view elsewhere;
    if (base::sure_guess(name, known).empty())
        elsewhere = other_section_with(reading, name, heading);
    if (!elsewhere.empty()) {
        complain(fmt::format("unknown key `{}`; it belongs in {}", name, elsewhere));
        return {};
    }
    const std::string_view guess = base::nearest(name, known);
    if (guess.empty()) {
        complain(fmt::format("unknown key `{}` in {}; remove it", shown(name), heading));
    } else {
        complain(fmt::format("unknown key `{}`, did you mean `{}`?", shown(name), guess));
    }
    return guess;
}

std::vector<const toml::table*> tables_of(Reading& reading, std::string_view heading,
                                          const toml::node& node, std::size_t max) {
    std::vector<const toml::table*> tables;
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        reading.complain(node, fmt::format("expected {}, found {}; write {} with two brackets",
                                           heading, type_found(node), heading));
        return tables;
    }
    for (const toml::node& element : *array) {
        if (tables.size() == max) {
            reading.complain(element, fmt::format("more than {} {}; remove some", max, heading));
            break;
        }
        if (const toml::table* table = element.as_table()) {
            tables.push_back(table);
        } else {
            reading.complain(element,
                             fmt::format("expected {}, found {}", heading, type_found(element)));
        }
    }
    return tables;
}

std::string value_text(const Rule& rule, const Slot& slot) {
    return std::visit(
        [&](auto value) -> std::string {
            if constexpr (std::is_same_v<decltype(value), std::monostate>) {
                return "";
            } else {
                return default_of(rule, *value);
            }
        },
        slot);
}

std::string type_text(const Rule& rule) {
    switch (rule.kind) {
        case Kind::text:
        case Kind::word:
            return "a string";
        case Kind::flag:
            return "true or false";
        case Kind::count:
            return "a whole number";
        case Kind::size:
            return "a size";
        case Kind::number:
            return "a number";
        case Kind::duration:
            return "a duration";
        case Kind::texts:
            return "a string or an array of strings";
        case Kind::custom:
            return std::string(rule.shape);
    }
    return {};
}

std::string bounds_text(const Rule& rule) {
    if (rule.kind == Kind::word) {
        std::string result;
        for (const std::string_view word : rule.words) {
            if (!result.empty()) result += word == rule.words.back() ? " or " : ", ";
            result += fmt::format("\"{}\"", word);
        }
        return result;
    }
    if (rule.bounds.max == 0) return "";
    const auto [min, max] = rule.bounds;
    std::string result;
    if (rule.kind == Kind::size) {
        result = fmt::format("{} to {}", min == 0 ? "0" : base::format_size(min),
                             base::format_size(max));
    } else if (rule.kind == Kind::duration) {
        result =
            fmt::format("{} to {}", base::format_duration(Duration(static_cast<std::int64_t>(min))),
                        base::format_duration(Duration(static_cast<std::int64_t>(max))));
    } else if (rule.kind == Kind::number) {
        result = fmt::format("{} to {}", thousandths(min), thousandths(max));
        if (rule.or_zero) result += ", or 0";
    } else {
        result = fmt::format("{} to {}", min, max);
    }
    return rule.power_of_two ? result + ", a power of two" : result;
}

std::string_view type_found(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::none:
            return "nothing";
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "a whole number";
        case toml::node_type::floating_point:
            return "a number with a point";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time:
            return "a date or time";
    }
    return "something else";
}

}  // namespace ringway::config
