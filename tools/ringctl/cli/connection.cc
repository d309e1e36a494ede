#include "cli/connection.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "ringway/base/printable.h"
#include "ringway/config/toml_file.h"

namespace ringctl {

using ringway::base::shown;

namespace {

/// What [admin] of a file says. Only that is read: the rest may need secrets that its reader has
/// not.
struct AdminSection {
    std::string listen;
    std::string token_file;
};

Result<AdminSection> read_admin_section(const std::string& path) {
    const auto text = ringway::config::read_file(path);
    if (!text) {
        return std::unexpected(Failure::usage(fmt::format(
            "{} {}; say where the admin API is with --admin ADDRESS", shown(path), text.error())));
    }
    AdminSection section;
    ringway::config::Errors errors(path);
    ringway::config::parse_toml(*text, errors, [&](const toml::table& root) {
        section.listen = root["admin"]["listen"].value_or(std::string());
        section.token_file = root["admin"]["token_file"].value_or(std::string());
    });
    const auto complaints = errors.take_sorted();
    if (!complaints.empty()) return std::unexpected(Failure::usage(complaints.front().text()));
    return section;
}

std::optional<std::string> variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return {};
    return value;
}

/// The token, as the server reads the same file; else a sentence.
std::expected<std::string, std::string> read_token(const std::string& path) {
    auto text = ringway::config::read_file(path);
    if (!text)
        return std::unexpected(fmt::format("the token file {} {}", shown(path), text.error()));
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    const bool sendable =
        std::ranges::all_of(*text, [](char c) { return c == '\t' || (c >= ' ' && c != '\x7f'); });
    if (text->empty() || !sendable) {
        return std::unexpected(fmt::format("the token file {} has no token: {}", shown(path),
                                           text->empty() ? "it is empty" : "a token is one line"));
    }
    return std::move(*text);
}

struct Sources {
    AdminSection given;     // by --config
    AdminSection fallback;  // the default configuration, when it is there and readable
    std::string fallback_path;
};

Result<Sources> read_sources(const Globals& globals, const std::string& default_config) {
    Sources sources;
    sources.fallback_path = default_config;
    if (globals.config) {
        auto section = read_admin_section(*globals.config);
        if (!section) return std::unexpected(std::move(section.error()));
        if (section->listen.empty() && !globals.admin) {
            return std::unexpected(
                Failure::usage(fmt::format("{} has no [admin] listen: such a ringway cannot be "
                                           "asked anything; add one, or say "
                                           "where the admin API is with --admin ADDRESS",
                                           shown(*globals.config))));
        }
        sources.given = std::move(*section);
    } else if (::access(default_config.c_str(), R_OK) == 0) {
        // a broken one must not keep anybody from asking the process that runs
        if (auto section = read_admin_section(default_config))
            sources.fallback = std::move(*section);
    }
    return sources;
}

void find_token(Connection& connection, const Globals& globals, const Sources& sources) {
    std::string path = sources.fallback.token_file;
    if (const auto named = variable("RINGWAY_TOKEN_FILE")) path = *named;
    if (!sources.given.token_file.empty()) path = sources.given.token_file;
    if (globals.token_file) path = *globals.token_file;
    if (path.empty()) return;
    if (auto token = read_token(path)) {
        connection.token = std::move(*token);
    } else {
        connection.token_problem =
            token.error() + "; name one that you may read with --token-file FILE";
    }
}

}  // namespace

std::string Connection::hint() const {
    if (!address.unix_path.empty()) {
        return fmt::format(
            "is ringway running with `listen = \"{}\"` in [admin], and may you open that socket? "
            "(address from {}; another with --admin ADDRESS)",
            address.text, address_source);
    }
    return fmt::format(
        "is ringway running with `listen = \"{}\"` in [admin]? (address from {}; another with "
        "--admin ADDRESS or RINGWAY_ADMIN)",
        address.text, address_source);
}

Result<Connection> find_connection(const Globals& globals, const std::string& default_config) {
    const auto sources = read_sources(globals, default_config);
    if (!sources) return std::unexpected(sources.error());
    std::string text = kDefaultAddress;
    std::string source = "the default";
    const auto take = [&](const std::string& value, const std::string& from) {
        if (value.empty()) return;
        text = value;
        source = from;
    };
    take(sources->fallback.listen, sources->fallback_path);
    take(variable("RINGWAY_ADMIN").value_or(""), "RINGWAY_ADMIN");
    take(sources->given.listen, globals.config.value_or(""));
    if (globals.admin) {
        text = *globals.admin;
        source = "--admin";
    }
    auto address = Address::parse(text);
    if (!address) {
        return std::unexpected(Failure::usage(fmt::format("{}: {}", source, address.error())));
    }
    Connection connection{std::move(*address), source, "", ""};
    find_token(connection, globals, *sources);
    if (globals.token_file && !connection.token_problem.empty()) {
        return std::unexpected(Failure::usage(connection.token_problem));
    }
    return connection;
}

}  // namespace ringctl
