#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "ringway/base/printable.h"
#include "ringway/base/suggest.h"

namespace ringload {

namespace base = ringway::base;

namespace {

constexpr std::size_t kUrlsMax = 1000;  // more than one is an error; this one is the parser's

/// What other tools call it.
struct Elsewhere {
    std::string_view name;
    std::string_view here;
};
constexpr Elsewhere kElsewhere[] = {
    {"-m", "--method"},
    {"-p", "--pipeline"},
    {"-s", "--mix"},
    {"-z", "--duration"},
    {"--data", "--body"},
    {"--disable-keepalive", "--no-keepalive"},
    {"--iterations", "--requests"},
    {"--script", "--mix"},
    {"--targets", "--mix"},
    {"--unix-socket", "--connect unix:/path"},
    {"--vus", "--connections"},
    {"--workers", "--threads"},
};

constexpr std::string_view kNotAvailable[][2] = {
    {"--http2", "HTTP/2 is not available in this version"},
    {"--h2", "HTTP/2 is not available in this version"},
    {"--tls", "TLS is not available in this version"},
    {"--insecure", "TLS is not available in this version"},
    {"--latency", "percentiles are always printed; leave it out"},
};

std::string complain_unknown(std::string_view argument) {
    const std::string_view name = argument.substr(0, argument.find('='));
    for (const auto& [flag, reason] : kNotAvailable) {
        if (name == flag) return fmt::format("{}: {}", name, reason);
    }
    std::string_view guess;
    for (const Elsewhere& other : kElsewhere) {
        if (name == other.name) guess = other.here;
    }
    std::vector<std::string> known;
    for (const FlagGroup& group : flag_groups()) {
        for (const Flag& flag : group.flags) known.emplace_back(flag.long_name());
    }
    // "-rate" is how some tools write their long flags; one letter is near to everything
    const std::string as_long = "--" + std::string(name.substr(name.find_first_not_of('-')));
    if (guess.empty() && as_long.size() > 3) guess = base::nearest(as_long, known);
    const std::string advice = guess.empty() ? "" : fmt::format(", did you mean {}?", guess);
    return fmt::format("unknown flag {}{} (ringload --help lists all)", base::shown(name), advice);
}

bool is_flag(std::string_view argument) {
    return argument.starts_with('-') && argument.find_first_not_of('-') != std::string_view::npos;
}

struct Registered {
    const Flag* flag;
    CLI::Option* option;
};

std::vector<Registered> register_flags(CLI::App& app) {
    std::vector<Registered> registered;
    for (const FlagGroup& group : flag_groups()) {
        for (const Flag& flag : group.flags) {
            const std::string names(flag.names);
            CLI::Option* option = nullptr;
            if (flag.value.empty()) {
                option = app.add_flag(names);
            } else {
                option = app.add_option(names)->expected(1);
            }
            if (flag.may_be_repeated()) option->take_all();
            registered.push_back({&flag, option});
        }
    }
    return registered;
}

/// What CLI11 complains of, in our words.
std::string complain_parse(const std::vector<Registered>& registered, const CLI::Error& error) {
    for (const auto& [flag, option] : registered) {
        if (!flag->may_be_repeated() && option->count() > 1) {
            return fmt::format("{} is there {} times; write it once", flag->long_name(),
                               option->count());
        }
    }
    const std::string what = error.what();
    for (const auto& [flag, option] : registered) {
        if (flag->value.empty() || !what.starts_with(option->get_name() + ":")) continue;
        return fmt::format("{0} needs a value: {0} {1}", flag->long_name(), flag->value);
    }
    return base::printable(what) + " (ringload --help lists all flags)";
}

/// CLI11 takes "--body=" for "--body" and eats what follows, and counts by "--quiet=3".
std::string complain_equals_sign(int argc, const char* const* argv) {
    for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
        const std::string_view argument(argv[i]);
        const std::size_t sign = argument.find('=');
        if (sign == std::string_view::npos) continue;
        for (const FlagGroup& group : flag_groups()) {
            for (const Flag& flag : group.flags) {
                if (flag.long_name() != argument.substr(0, sign)) continue;
                const std::string_view value = argument.substr(sign);
                if (flag.value.empty())
                    return fmt::format("{} takes no value; remove {}", flag.long_name(),
                                       base::shown(value));
                if (value == "=")
                    return fmt::format("{} needs a value behind the =", flag.long_name());
            }
        }
    }
    return "";
}

void fill(const Registered& registered, Arguments& arguments) {
    const auto& [flag, option] = registered;
    if (option->count() == 0) return;
    const std::vector<std::string>& results = option->results();
    if (const auto* slot = std::get_if<Value Arguments::*>(&flag->slot)) {
        arguments.** slot = results.back();
    } else if (const auto* many = std::get_if<std::vector<std::string> Arguments::*>(&flag->slot)) {
        arguments.** many = results;
    } else if (const auto* one = std::get_if<bool Arguments::*>(&flag->slot)) {
        arguments.** one = true;
    }
}

}  // namespace

std::expected<Arguments, std::string> parse_arguments(int argc, const char* const* argv) {
    CLI::App app;
    app.set_help_flag();  // --help is a flag of the table
    app.allow_extras();
    const std::vector<Registered> registered = register_flags(app);
    CLI::Option* const urls = app.add_option("url")->expected(0, kUrlsMax);
    const std::string wrong_sign = complain_equals_sign(argc, argv);
    if (!wrong_sign.empty()) return std::unexpected(wrong_sign);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Error& error) {
        return std::unexpected(complain_parse(registered, error));
    }
    std::vector<std::string> extras = app.remaining();
    const auto mark = std::ranges::find(extras, "--");  // no flags behind it
    const auto unknown = std::find_if(extras.begin(), mark, is_flag);
    if (unknown != mark) return std::unexpected(complain_unknown(*unknown));
    if (mark != extras.end()) extras.erase(mark);
    Arguments arguments;
    for (const Registered& one : registered) fill(one, arguments);
    arguments.urls = urls->results();
    arguments.urls.insert(arguments.urls.end(), extras.begin(), extras.end());
    return arguments;
}

}  // namespace ringload
