#include "scenario/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "ringway/base/printable.h"
#include "ringway/base/suggest.h"

namespace ringload {

namespace {

constexpr const char* kHelp =
    R"(ringload scenario FILE...: origins and a proxy, a load, and faults at given times

Starts what the files name (or uses what runs already), loads it, makes origins fail and come back,
and shows what clients noticed. Files are TOML and laid over one another: later ones win, tables are
merged, arrays replaced. Everything that was started is ended, also after Ctrl-C.

  --set 'KEY = VALUE'  one more line of TOML over all files, as --set 'load.rate = 200'; repeated
  --json FILE          the result as JSON; - for standard output
  --csv FILE           the figures over time
  --html FILE          one page with plots
  --records FILE       a CSV line for every request
  --assert BOUND       as --assert 'errors=0'; repeated; exit status 2 when one does not hold
  -q, --quiet          no progress
  -h, --help           this text

With variants or rounds, each result has files of its own: out.json becomes out.VARIANT.ROUND.json.

Example:
  cd tools/ringload/examples
  ringload scenario kill.toml --html kill.html
  ringload scenario kill.toml with_and_without_health.toml

docs/ringload.md has every key. Exit status: 0; 1 when something could not be done or nothing was
answered; 2 when an assertion does not hold; 130 (143) when Ctrl-C (SIGTERM) came before every round
was measured.
)";

struct Value {
    std::string_view flag;
    std::string Outputs::* file;  // nullptr: --set or --assert
};
constexpr std::array<Value, 6> kValues = {{{"--json", &Outputs::json},
                                           {"--csv", &Outputs::csv},
                                           {"--html", &Outputs::html},
                                           {"--records", &Outputs::records},
                                           {"--set", nullptr},
                                           {"--assert", nullptr}}};

std::unexpected<Exit> refuse(const std::string& why) {
    return std::unexpected(Exit{1, "", fmt::format("ringload scenario: {}\n", why)});
}

std::string complain_unknown(std::string_view flag) {
    std::vector<std::string> known{"--quiet", "--help"};
    for (const Value& value : kValues) known.emplace_back(value.flag);
    const std::string_view guess = ringway::base::nearest(flag, known);
    return fmt::format("unknown flag {}{} (ringload scenario --help lists all)",
                       ringway::base::shown(flag),
                       guess.empty() ? "" : fmt::format(", did you mean {}?", guess));
}

/// "" when it was taken.
std::string take(ScenarioArguments& arguments, const Value& value, const std::string& text) {
    if (text.empty()) return fmt::format("{} needs a value", value.flag);
    if (value.file != nullptr) {
        if (!(arguments.outputs.*value.file).empty())
            return fmt::format("{} is there twice; write it once", value.flag);
        arguments.outputs.*value.file = text;
        return "";
    }
    if (value.flag == "--set") {
        arguments.settings.push_back(text);
        return "";
    }
    auto assertion = parse_assertion(text);
    if (!assertion) return fmt::format("--assert: {}", assertion.error());
    arguments.assertions.push_back(std::move(*assertion));
    return "";
}

}  // namespace

std::expected<ScenarioArguments, Exit> parse_scenario_arguments(int argc, const char* const* argv) {
    ScenarioArguments arguments;
    bool may_be_flag = true;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (!may_be_flag || !word.starts_with('-')) {
            arguments.files.emplace_back(word);
        } else if (word == "--") {
            may_be_flag = false;
        } else if (word == "-h" || word == "--help") {
            return std::unexpected(Exit{0, kHelp, ""});
        } else if (word == "-q" || word == "--quiet") {
            arguments.outputs.quiet = true;
        } else {
            const std::size_t sign = word.find('=');
            const auto same = [&](const Value& value) {
                return value.flag == word.substr(0, sign);
            };
            const auto* value = std::ranges::find_if(kValues, same);
            if (value == kValues.end()) return refuse(complain_unknown(word.substr(0, sign)));
            std::string text;
            if (sign != std::string_view::npos) {
                text = word.substr(sign + 1);
            } else if (i + 1 < argc) {
                text = argv[++i];
            }
            const std::string wrong = take(arguments, *value, text);
            if (!wrong.empty()) return refuse(wrong);
        }
    }
    if (arguments.files.empty())
        return refuse("no file; write ringload scenario FILE... (--help says what is in it)");
    if (arguments.outputs.json == "-" && arguments.outputs.csv == "-")
        return refuse("--json - and --csv -: only one can go to standard output");
    return arguments;
}

std::string path_of_round(const std::string& path, const std::string& variant, std::uint32_t round,
                          std::uint32_t rounds) {
    if (path.empty() || path == "-") return path;
    std::string part;
    for (const char c : variant) part += c == '/' || c == '\0' ? '_' : c;
    if (!part.empty()) part.insert(0, 1, '.');
    if (rounds > 1) part += fmt::format(".{}", round + 1);
    const std::size_t slash = path.rfind('/');
    const std::size_t dot = path.rfind('.');
    const bool has_end = dot != std::string::npos && (slash == std::string::npos || dot > slash);
    std::string result = path;
    result.insert(has_end ? dot : path.size(), part);
    return result;
}

}  // namespace ringload
