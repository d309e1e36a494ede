// docs/configuration.md, written from the tables of keys.
#include <fmt/format.h>

#include "sections.h"

#include "ringway/base/printable.h"

namespace ringway::config {

namespace {

constexpr std::string_view kIntroduction =
    "# Configuration reference\n"
    "\n"
    "One TOML file. `ringway -t -c FILE` checks it and prints every error as `file:line:column: "
    "message`.\n"
    "\n"
    "- A **duration** is a string of a whole number and a unit: `\"250ms\"`, `\"5s\"`, `\"1m\"`, "
    "`\"1h\"` (ns, us, ms, s, "
    "m, h, d).\n"
    "- A **size** is a string of a whole number and a unit, `\"512B\"`, `\"64KiB\"`, `\"1MiB\"`, "
    "`\"1GiB\"`, or a plain "
    "number of bytes.\n"
    "- A **secret** is not written into the file but referred to, as `{ env = \"NAME\" }` or `{ "
    "file = \"/path\" }`.\n"
    "- At least one `[[listener]]` and one `[[route]]` are needed. Every other key has the default "
    "shown here.\n"
    "- An unknown key is an error.\n"
    "\n"
    "This page is generated from the table of keys that the loader checks a file against.\n";

bool is_literal(const RuleText& key) {
    const std::string& text = key.default_text;
    return !text.empty() && !key.rule.required &&
           (key.rule.default_shown.empty() || text.front() == '[' || text.front() == '{' ||
            (text.front() == '"' && text.back() == '"') || text == "308");
}

}  // namespace

const std::vector<SectionText>& all_sections() {
    static const std::vector<SectionText> sections = [] {
        std::vector<SectionText> result;
        describe_general(result);
        describe_alerts(result);
        describe_shards(result);
        describe_listener(result);
        describe_route(result);
        describe_pool(result);
        describe_failover(result);
        describe_health(result);
        describe_values(result);
        return result;
    }();
    return sections;
}

std::string section_markdown(const SectionText& section) {
    std::string out = fmt::format("## {}\n\n{}\n\n", section.heading, section.meaning);
    out += "| key | type | default | bounds | meaning |\n|---|---|---|---|---|\n";
    for (const RuleText& key : section.keys) {
        const std::string tick = is_literal(key) ? "`" : "";
        out += fmt::format("| `{}` | {} | {}{}{} | {} | {} |\n", key.rule.name,
                           base::markdown_cell(type_text(key.rule)), tick,
                           base::markdown_cell(key.default_text), tick,
                           base::markdown_cell(bounds_text(key.rule)),
                           base::markdown_cell(key.rule.meaning));
    }
    return out;
}

std::string reference_markdown() {
    std::string out(kIntroduction);
    for (const SectionText& section : all_sections()) out += "\n" + section_markdown(section);
    return out;
}

}  // namespace ringway::config
