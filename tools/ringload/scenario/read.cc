// parse_scenario(): texts -> one table -> a Scenario for each variant. No exception leaves: toml++
// throws on a syntax error, which is caught here.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

#include "ringway/config/toml_file.h"
#include "scenario/keys.h"
#include "scenario/sections.h"

namespace ringload {

namespace {

constexpr std::size_t kVariantsMax = 16;
constexpr std::size_t kTextsMax = 64;

using Errors = std::vector<config::Error>;

void read_variants(Reading& reading, const Rule&, const toml::node& node, Scenario&) {
    std::vector<std::string> names;
    for (const toml::table* table : tables_of(reading, "[[variant]]", node, kVariantsMax)) {
        const toml::node* name = table->get("name");
        const auto* text = name != nullptr ? name->as_string() : nullptr;
        if (text == nullptr || text->get().empty()) {
            reading.complain(name != nullptr ? *name : *table,
                             "`name` of a [[variant]]: expected a string, which stands above what "
                             "it found");
        } else if (std::ranges::find(names, text->get()) != names.end()) {
            reading.complain(*name, fmt::format("the variant `{}` is there twice; rename one",
                                                config::shown(text->get())));
        } else {
            names.push_back(text->get());
        }
    }
}

/// Moves what `top` has into `base`. A moved value still knows its file and place.
void lay_over(toml::table& base, toml::table& top) {
    for (auto&& [key, node] : top) {
        toml::node* old = base.get(key);
        if (old != nullptr && old->is_table() && node.is_table()) {
            lay_over(*old->as_table(), *node.as_table());
            continue;
        }
        base.erase(key.str());
        base.insert(key, std::move(node));
    }
}

/// Parsed anew for each variant, since a copy of a value would not know its place.
std::expected<toml::table, Errors> merged(const std::vector<ScenarioText>& texts) {
    Errors errors;
    toml::table root;
    bool is_first = true;
    for (const ScenarioText& text : texts) {
        try {
            toml::table parsed = toml::parse(text.text, std::string_view(text.name));
            if (std::exchange(is_first, false)) {
                root = std::move(parsed);
            } else {
                lay_over(root, parsed);
            }
        } catch (const toml::parse_error& error) {
            const toml::source_position begin = error.source().begin;
            errors.push_back(
                {text.name, begin.line, begin.column,
                 fmt::format("no valid TOML: {}", config::printable(error.description()))});
        } catch (const std::exception& error) {  // out of memory, or a library's own limit
            errors.push_back(
                {text.name, 0, 0,
                 fmt::format("cannot be read as TOML: {}", config::printable(error.what()))});
        }
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return root;
}

/// Lays the variant of that index over the rest; its name.
std::string choose_variant(toml::table& root, std::size_t index) {
    toml::array* variants = root.get_as<toml::array>("variant");
    if (variants == nullptr || index >= variants->size()) return {};
    toml::table* table = variants->get(index)->as_table();
    if (table == nullptr) return {};
    toml::table chosen = std::move(*table);
    std::string name = chosen["name"].value_or(std::string());
    chosen.erase("name");
    root.erase("variant");
    lay_over(root, chosen);
    return name;
}

}  // namespace

const Section<Scenario>& scenario_section() {
    using config::custom;
    using config::subtable;
    static const Section<Scenario> section{
        .heading = "the file",
        .meaning = "Of a scenario as a whole.",
        .keys =
            {
                config::text<&Scenario::title>("title", config::check_plain, "for reports"),
                config::count<&Scenario::rounds>(
                    "rounds", {1, 10'000},
                    "each in fresh processes; the worst and the median are shown"),
                config::duration<&Scenario::round_trip>(
                    "round_trip", config::between(Duration(0), std::chrono::seconds(10)),
                    "of the network between proxy and origins: an answer later than normal by "
                    "this and 2 ms counts as slow"),
                subtable<&Scenario::programs, programs_section>("programs", "a table",
                                                                "see [programs]"),
                subtable<&Scenario::load, load_section>("load", "a table", "see [load]").required(),
                custom<Scenario>("origin", "[[origin]]", read_origins, "see [[origin]]")
                    .with_default("none"),
                subtable<&Scenario::proxy, proxy_section>("proxy", "a table", "see [proxy]"),
                subtable<&Scenario::fault_times, fault_times_section>("faults", "a table",
                                                                      "see [faults]"),
                custom<Scenario>("fault", "[[fault]]", read_faults, "see [[fault]]")
                    .with_default("none"),
                subtable<&Scenario::watch, watch_section>("watch", "a table", "see [watch]"),
                custom<Scenario>("variant", "[[variant]]", read_variants,
                                 "the scenario runs once for each, with what it has beside its "
                                 "`name` laid over the rest; shown side by side")
                    .with_default("none"),
            },
    };
    return section;
}

const std::vector<config::SectionText>& scenario_sections() {
    static const std::vector<config::SectionText> sections = [] {
        std::vector<config::SectionText> result;
        result.push_back(config::describe(scenario_section()));
        result.push_back(config::describe(load_section()));
        result.push_back(config::describe(proxy_section()));
        describe_faults(result);
        result.push_back(config::describe(watch_section()));
        result.push_back(config::describe(programs_section()));
        return result;
    }();
    return sections;
}

std::string scenario_reference_markdown() {
    std::string out;
    for (const config::SectionText& section : scenario_sections())
        out += "#" + config::section_markdown(section);
    return out;
}

std::expected<std::vector<Scenario>, Errors> parse_scenario(
    const std::vector<ScenarioText>& texts) {
    std::vector<Scenario> scenarios;
    Reading reading(texts.empty() ? "" : texts.front().name, config::Machine{}, scenario_sections);
    for (std::size_t variants = 1, i = 0; i < variants; ++i) {
        auto root = merged(texts);
        if (!root) return std::unexpected(std::move(root.error()));
        if (const toml::node* node = root->get("variant"); node != nullptr && i == 0) {
            Scenario unused;
            read_variants(reading, {}, *node, unused);
            if (const toml::array* array = node->as_array())
                variants = std::clamp<std::size_t>(array->size(), 1, kVariantsMax);
        }
        Scenario scenario;
        scenario.variant = choose_variant(*root, i);
        config::read_section(reading, scenario_section(), *root, scenario);
        scenarios.push_back(std::move(scenario));
    }
    if (!reading.errors.empty()) return std::unexpected(reading.errors.take_sorted());
    return scenarios;
}

std::expected<std::vector<Scenario>, Errors> load_scenario(
    const std::vector<std::string>& paths, const std::vector<std::string>& settings) {
    std::vector<ScenarioText> texts;
    Errors errors;
    if (paths.size() + settings.size() > kTextsMax) {
        return std::unexpected(
            Errors{{paths.front(), 0, 0, fmt::format("more than {} files and --set", kTextsMax)}});
    }
    for (const std::string& path : paths) {
        auto text = config::read_file(path);
        if (text) {
            texts.push_back({std::move(*text), path});
        } else {
            errors.push_back({path, 0, 0, std::move(text.error())});
        }
    }
    for (std::size_t i = 0; i < settings.size(); ++i)
        texts.push_back({settings[i], fmt::format("--set#{}", i + 1)});
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return parse_scenario(texts);
}

}  // namespace ringload
