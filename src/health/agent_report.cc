// What an agent says of its host, in words or in JSON; see content.h.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "ringway/health/content.h"

namespace ringway::health {
namespace {

using Wish = AgentReport::Wish;
using Outcome = std::expected<void, std::string>;

std::unexpected<std::string> fault(std::string sentence) {
    return std::unexpected(std::move(sentence));
}

/// The beginning of a word that is not known, fit to be shown.
std::string shown(std::string_view word) {
    std::string text(word.substr(0, 32));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

struct Word {
    std::string_view text;
    Wish wish;
};
constexpr std::array<Word, 9> kWords = {{{"up", Wish::up},
                                         {"ready", Wish::up},
                                         {"drain", Wish::drain},
                                         {"maint", Wish::maintenance},
                                         {"maintenance", Wish::maintenance},
                                         {"down", Wish::down},
                                         {"fail", Wish::down},
                                         {"failed", Wish::down},
                                         {"stopped", Wish::down}}};

/// The share of its weight that a host with so much load may have, in steps: a load that wavers
/// does not change the weight each time.
std::uint8_t share_at(float load_percent) {
    if (load_percent > 95) return 10;
    if (load_percent > 90) return 32;
    if (load_percent > 85) return 55;
    if (load_percent > 80) return 77;
    return 100;
}

void wish(AgentReport& report, Wish wanted) { report.wish = std::max(report.wish, wanted); }

void set_share(AgentReport& report, double percent) {
    report.percent = static_cast<std::uint8_t>(std::min(percent, 100.0));
}

/// Digits, with a fraction or not.
std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, code] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const bool whole = code == std::errc{} && end == text.data() + text.size();
    return whole && value >= 0 && value <= 1e6 ? std::optional(value) : std::nullopt;
}

/// "cpu:83" -> "83"; nothing when the word does not begin so.
std::optional<std::string_view> after(std::string_view word, std::string_view front) {
    if (!word.starts_with(front)) return std::nullopt;
    return word.substr(front.size());
}

bool read_load(std::string_view text, float& load_percent) {
    if (text.ends_with('%')) text.remove_suffix(1);
    const auto value = parse_number(text);
    if (value) load_percent = static_cast<float>(*value);
    return value.has_value();
}

/// False when the word is not known.
bool read_word(std::string_view word, AgentReport& report) {
    const auto known = std::ranges::find(kWords, word, &Word::text);
    if (known != kWords.end()) {
        wish(report, known->wish);
        return true;
    }
    if (const auto load = after(word, "cpu:")) return read_load(*load, report.cpu_percent);
    if (const auto load = after(word, "memory:")) return read_load(*load, report.memory_percent);
    if (const auto load = after(word, "mem:")) return read_load(*load, report.memory_percent);
    if (word.starts_with("maxconn:")) return true;
    if (!word.ends_with('%')) return false;
    const auto share = parse_number(word.substr(0, word.size() - 1));
    if (share) set_share(report, *share);
    return share.has_value();
}

Outcome read_words(std::string_view text, AgentReport& report) {
    constexpr std::string_view kSeparators = " \t\r\n\v\f,";
    text = text.substr(0, text.find('#'));
    bool any = false;
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(kSeparators), text.size()));
        if (text.empty()) break;
        const std::string_view word = text.substr(0, text.find_first_of(kSeparators));
        text.remove_prefix(word.size());
        if (!read_word(word, report))
            return fault(fmt::format("the agent says \"{}\", which is no known word", shown(word)));
        any = true;
    }
    return any ? Outcome{} : fault("the agent says nothing");
}

/// A percentage, when the object has it.
Outcome read_percent(const simdjson::dom::object& object, std::string_view key,
                     std::optional<double>& percent) {
    simdjson::dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS) return {};
    double number = 0;
    if (value.get_double().get(number) != simdjson::SUCCESS || number < 0)
        return fault(fmt::format("the agent's \"{}\" is no percentage", key));
    percent = number;
    return {};
}

/// A flag, when the object has it.
Outcome read_flag(const simdjson::dom::object& object, std::string_view key, Wish wanted,
                  AgentReport& report) {
    simdjson::dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS) return {};
    bool flag = false;
    if (value.get_bool().get(flag) != simdjson::SUCCESS)
        return fault(fmt::format("the agent's \"{}\" is neither true nor false", key));
    wish(report, flag ? wanted : Wish::up);
    return {};
}

Outcome read_json(std::string_view text, AgentReport& report) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(text.data(), text.size()).get_object().get(object) != simdjson::SUCCESS)
        return fault("the agent's answer is not JSON that can be read");
    std::optional<double> weight, cpu, memory;
    if (auto outcome = read_percent(object, "weight", weight); !outcome) return outcome;
    if (auto outcome = read_percent(object, "cpu", cpu); !outcome) return outcome;
    if (auto outcome = read_percent(object, "memory", memory); !outcome) return outcome;
    if (auto outcome = read_flag(object, "drain", Wish::drain, report); !outcome) return outcome;
    if (auto outcome = read_flag(object, "down", Wish::down, report); !outcome) return outcome;
    if (weight) set_share(report, *weight);
    if (cpu) report.cpu_percent = static_cast<float>(*cpu);
    if (memory) report.memory_percent = static_cast<float>(*memory);
    return {};
}

}  // namespace

std::expected<AgentReport, std::string> parse_agent_report(std::string_view text) {
    AgentReport report;
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    const bool json = start != std::string_view::npos && text[start] == '{';
    const Outcome outcome = json ? read_json(text, report) : read_words(text, report);
    if (!outcome) return std::unexpected(outcome.error());
    report.percent =
        std::min({report.percent, share_at(report.cpu_percent), share_at(report.memory_percent)});
    return report;
}

}  // namespace ringway::health
