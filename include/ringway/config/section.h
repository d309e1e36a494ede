// The table of keys: each section of the file is a list of keys with name, type, bounds and
// meaning. Reading, the check for unknown keys and the reference all walk these lists; defaults are
// those of the structs that the keys fill. Pure but for secrets; used by parse() and
// reference_markdown() on the caller's thread.
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ringway/config/checks.h"
#include "ringway/config/config.h"
#include "ringway/config/errors.h"

namespace ringway::config {

struct SectionText;

/// What one run of parse() carries along.
struct Reading {
    /// All sections that the file may have: where else a misplaced key belongs.
    using Sections = const std::vector<SectionText>& (*)();

    Reading(const std::string& file, const Machine& machine, Sections all)
        : errors(file), cpus(machine.cpus), sections(all) {}

    void complain(const toml::node& where, std::string message) {
        errors.add(place_of(where), std::move(message));
    }

    Errors errors;
    std::vector<int> cpus;  // that this process may run on
    Sections sections;
    std::vector<std::string> listener_names;  // in the order of Config::listeners
    std::vector<std::string> pool_names;      // in the order of Config::pools
};

enum class Kind : std::uint8_t { text, flag, count, size, number, duration, word, texts, custom };

/// Inclusive. Of counts as such, of sizes in bytes, of numbers in thousandths, of durations in
/// nanoseconds.
struct Bounds {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
};

constexpr Bounds between(base::Duration min, base::Duration max) {
    return {static_cast<std::uint64_t>(min.count()), static_cast<std::uint64_t>(max.count())};
}

constexpr Bounds between(double min, double max) {
    // half up, at compile time, where lround() is not to be had
    return {static_cast<std::uint64_t>((min * 2000 + 1) / 2),
            static_cast<std::uint64_t>((max * 2000 + 1) / 2)};
}

using Check = Complaint (*)(std::string_view);
using Words = std::span<const std::string_view>;

/// All that is known of a key without knowing what struct it fills.
struct Rule {
    std::string_view name;
    Kind kind = Kind::custom;
    std::string_view meaning;
    Bounds bounds;
    Words words;                     // Kind::word, in the order of the enumerators
    Check check = nullptr;           // Kind::text and Kind::texts
    std::string_view shape;          // Kind::custom: how its value is written
    std::string_view default_shown;  // replaces the default of the struct in the reference
    bool required = false;
    bool power_of_two = false;
    bool or_zero = false;  // Kind::number: 0 is allowed beside what lies within the bounds
};

/// The member that a key fills.
using Slot = std::variant<std::monostate, std::string*, bool*, std::uint16_t*, std::uint32_t*,
                          std::uint64_t*, double*, Duration*, std::vector<std::string>*, LogLevel*,
                          LogFormat*, AccessFormat*, Severity*, WebhookFormat*, Protocol*, Balance*,
                          CheckKind*, Seccomp*>;

template <class T>
struct Key {
    Rule rule;
    Slot (*slot)(T&) = nullptr;  // of every kind but custom
    void (*read)(Reading&, const Rule&, const toml::node&, T&) = nullptr;  // of Kind::custom

    Key required() const {
        Key result = *this;
        result.rule.required = true;
        return result;
    }
    Key power_of_two() const {
        Key result = *this;
        result.rule.power_of_two = true;
        return result;
    }
    Key or_zero() const {
        Key result = *this;
        result.rule.or_zero = true;
        return result;
    }
    Key with_default(std::string_view shown_text) const {
        Key result = *this;
        result.rule.default_shown = shown_text;
        return result;
    }
};

/// A table that was read, for what its keys must be to one another.
struct Given {
    Reading& reading;
    const toml::table& table;
    const std::vector<std::string>& meant;  // the keys that unknown ones were meant to be

    /// The key's value, whatever it is; nullptr when the table does not have it.
    const toml::node* node(std::string_view name) const { return table.get(name); }
    /// It was complained of, so that nothing is known of it: what was meant may well fit.
    bool in_doubt(std::string_view name) const;
    /// At the key's value, which is there.
    void complain(std::string_view name, std::string message) const;
};

template <class T>
struct Section {
    std::string_view heading;  // "[[listener]]"
    std::string_view meaning;
    std::vector<Key<T>> keys;
    std::vector<std::string_view> not_available = {};  // keys that later versions have
    // called when every key was read: complains of keys that do not fit together, and fills in the
    // defaults that depend on others
    void (*check)(const Given&, T&) = nullptr;
};

// -- reading

/// Reads one value into its slot, or complains.
void read_value(Reading& reading, const Rule& rule, const toml::node& node, const Slot& slot);
/// Complains of a key that the section does not have. Returns the known key that it was meant to
/// be, or "".
std::string_view complain_unknown(Reading& reading, const toml::key& key, std::string_view heading,
                                  std::span<const std::string> known, Words not_available);

/// Fills `out` with what the table has, and complains of the rest. Returns the keys that unknown
/// ones were meant to be: whoever misses one of them has been told already.
template <class T>
std::vector<std::string> read_section(Reading& reading, const Section<T>& section,
                                      const toml::table& table, T& out) {
    std::vector<std::string> known;
    for (const Key<T>& key : section.keys) known.emplace_back(key.rule.name);
    std::vector<std::string> meant;
    for (const auto& [key, node] : table) {
        if (std::ranges::find(known, key.str()) != known.end()) continue;
        meant.emplace_back(
            complain_unknown(reading, key, section.heading, known, section.not_available));
    }
    for (const Key<T>& key : section.keys) {
        const toml::node* node = table.get(key.rule.name);
        if (node != nullptr && key.slot != nullptr) {
            read_value(reading, key.rule, *node, key.slot(out));
        } else if (node != nullptr) {
            key.read(reading, key.rule, *node, out);
        } else if (key.rule.required && std::ranges::find(meant, key.rule.name) == meant.end()) {
            reading.complain(table, "`" + std::string(key.rule.name) + "` is missing in " +
                                        std::string(section.heading));
        }
    }
    if (section.check != nullptr) section.check({reading, table, meant}, out);
    return meant;
}

/// Complains when the one is more than the other and neither is in doubt. The one that the table
/// has is complained of; both have good defaults.
void check_order(const Given& given, std::string_view less_name, std::uint64_t less,
                 std::string_view more_name, std::uint64_t more);
void check_order(const Given& given, std::string_view less_name, Duration less,
                 std::string_view more_name, Duration more);

/// The tables of an array of tables, at most `max`; complains of anything else.
std::vector<const toml::table*> tables_of(Reading& reading, std::string_view heading,
                                          const toml::node& node, std::size_t max);

/// A sub-table such as [pool.retry] as the value of a key.
template <class T>
bool read_subsection(Reading& reading, const Rule& rule, const Section<T>& section,
                     const toml::node& node, T& out);

// -- the reference

struct RuleText {
    Rule rule;
    std::string default_text;
};

struct SectionText {
    std::string_view heading;
    std::string_view meaning;
    std::vector<RuleText> keys;
    bool value_form = false;  // true for a value that several keys may have: no section of the file
};

/// The value of a slot as the file would write it.
std::string value_text(const Rule& rule, const Slot& slot);
/// "text", "duration", ...
std::string type_text(const Rule& rule);
/// "1 to 64", or "" when the key has no bounds.
std::string bounds_text(const Rule& rule);
/// "a table", "a string", ... of what the file has.
std::string_view type_found(const toml::node& node);

/// "## [pool]", what it is, and a table of its keys, as Markdown.
std::string section_markdown(const SectionText& section);

template <class T>
SectionText describe(const Section<T>& section) {
    SectionText result{section.heading, section.meaning, {}, false};
    T defaults{};
    for (const Key<T>& key : section.keys) {
        std::string text(key.rule.default_shown);
        if (key.rule.required) text = "required";
        if (text.empty() && key.slot != nullptr) text = value_text(key.rule, key.slot(defaults));
        result.keys.push_back({key.rule, std::move(text)});
    }
    return result;
}

template <class T>
bool read_subsection(Reading& reading, const Rule& rule, const Section<T>& section,
                     const toml::node& node, T& out) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        reading.complain(node, "`" + std::string(rule.name) + "`: expected " +
                                   std::string(rule.shape) + ", found " +
                                   std::string(type_found(node)));
        return false;
    }
    read_section(reading, section, *table, out);
    return true;
}

// -- the words in which tables of keys are written

template <class T, class M>
T owner_of(M T::*);

/// A path of members from the struct of the section, as &Listener::head,
/// &http::HeadLimits::bytes_max.
template <auto First, auto... Rest>
struct Member {
    using Owner = decltype(owner_of(First));
    static Slot slot(Owner& owner) { return &((owner.*First).*....*Rest); }
};

template <auto... Path>
auto make_key(Rule rule) {
    return Key<typename Member<Path...>::Owner>{rule, Member<Path...>::slot, nullptr};
}

template <auto... Path>
auto text(std::string_view name, Check check, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::text, .meaning = meaning, .check = check});
}

template <auto... Path>
auto texts(std::string_view name, Check check, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::texts, .meaning = meaning, .check = check});
}

template <auto... Path>
auto flag(std::string_view name, std::string_view meaning) {
    return make_key<Path...>({.name = name, .kind = Kind::flag, .meaning = meaning});
}

template <auto... Path>
auto count(std::string_view name, Bounds bounds, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::count, .meaning = meaning, .bounds = bounds});
}

template <auto... Path>
auto size(std::string_view name, Bounds bounds, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::size, .meaning = meaning, .bounds = bounds});
}

template <auto... Path>
auto number(std::string_view name, Bounds bounds, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::number, .meaning = meaning, .bounds = bounds});
}

template <auto... Path>
auto duration(std::string_view name, Bounds bounds, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::duration, .meaning = meaning, .bounds = bounds});
}

template <auto... Path>
auto word(std::string_view name, Words words, std::string_view meaning) {
    return make_key<Path...>(
        {.name = name, .kind = Kind::word, .meaning = meaning, .words = words});
}

template <class T>
Key<T> custom(std::string_view name, std::string_view shape,
              void (*read)(Reading&, const Rule&, const toml::node&, T&),
              std::string_view meaning) {
    return {
        {.name = name, .kind = Kind::custom, .meaning = meaning, .shape = shape}, nullptr, read};
}

/// A sub-table as a member, `SectionOf()` its section.
template <auto Member, auto SectionOf>
auto subtable(std::string_view name, std::string_view shape, std::string_view meaning) {
    using Owner = decltype(owner_of(Member));
    return custom<Owner>(
               name, shape,
               [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
                   read_subsection(reading, rule, SectionOf(), node, owner.*Member);
               },
               meaning)
        .with_default("its defaults");
}

}  // namespace ringway::config
