// [process], [admin] and [log].
#include <fmt/format.h>

#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

using std::chrono::hours;

constexpr std::string_view kSeccomp[] = {"on", "strict", "off"};

const Section<Process>& process_section() {
    static const Section<Process> section{
        .heading = "[process]",
        .meaning = "The process as a whole.",
        .keys =
            {
                text<&Process::user>("user", check_plain,
                                     "user to become once the listeners are bound; empty: stay"),
                text<&Process::group>("group", check_plain,
                                      "group to become; empty: the user's, or stay"),
                word<&Process::seccomp>(
                    "seccomp", kSeccomp,
                    "filter of system calls once it runs; strict: no program can be started "
                    "either, so no upgrade in place"),
                flag<&Process::core_dumps>("core_dumps",
                                           "a crash may leave a core file, which holds secrets and "
                                           "what clients sent"),
                text<&Process::pid_file>("pid_file", check_plain,
                                         "file that the process id is written to; empty: none"),
                text<&Process::state_dir>("state_dir", check_name,
                                          "directory of what survives a restart"),
                duration<&Process::graceful_timeout>(
                    "graceful_timeout", between(milliseconds(1), hours(24)),
                    "longest time that a SIGTERM waits for running requests"),
            },
        .not_available = {},
    };
    return section;
}

const Section<Admin>& admin_section() {
    static const Section<Admin> section{
        .heading = "[admin]",
        .meaning = "The admin listener: /metrics, /healthz, /readyz.",
        .keys =
            {
                custom<Admin>(
                    "listen", "an address",
                    [](Reading& reading, const Rule& rule, const toml::node& node, Admin& admin) {
                        admin.listen = read_listen_address(reading, rule, node);
                    },
                    "\"IP:port\" or \"unix:/path\"")
                    .with_default("none: no admin listener"),
                custom<Admin>(
                    "token_file", "a path",
                    [](Reading& reading, const Rule& rule, const toml::node& node, Admin& admin) {
                        const auto* path = node.as_string();
                        if (path == nullptr) {
                            return reading.complain(
                                node, fmt::format("`{}`: expected a path, found {}", rule.name,
                                                  type_found(node)));
                        }
                        auto token = read_secret_file(reading, node, rule.name, path->get());
                        if (token) admin.token = std::move(*token);
                    },
                    "file whose content is the bearer token of changes")
                    .with_default("none: reads only"),
            },
        .not_available = {},
    };
    return section;
}

constexpr std::string_view kLevels[] = {"error", "warn", "info", "debug"};

const Section<Log>& log_section() {
    static const Section<Log> section{
        .heading = "[log]",
        .meaning = "The log of the process (on stderr) and the access log (JSON lines).",
        .keys =
            {
                word<&Log::level>("level", kLevels, "the least severe messages that are written"),
                text<&Log::access_path>("access_path", check_plain,
                                        "\"stdout\", \"stderr\" or a file; empty: no access log"),
                number<&Log::access_sampling>(
                    "access_sampling", between(0.0, 1.0),
                    "share of requests that are logged; failed ones (5xx, aborted) always are"),
            },
        .not_available = {"format", "access_format"},
    };
    return section;
}

template <class T>
void read_table(Reading& reading, const Section<T>& section, const toml::node& node, T& out) {
    if (const toml::table* table = node.as_table()) {
        read_section(reading, section, *table, out);
        return;
    }
    reading.complain(
        node, fmt::format("expected the section {}, found {}", section.heading, type_found(node)));
}

}  // namespace

void read_process(Reading& reading, const toml::node& node, Process& out) {
    read_table(reading, process_section(), node, out);
}

void read_admin(Reading& reading, const toml::node& node, Admin& out) {
    read_table(reading, admin_section(), node, out);
}

void read_log(Reading& reading, const toml::node& node, Log& out) {
    read_table(reading, log_section(), node, out);
}

void describe_general(std::vector<SectionText>& out) {
    out.push_back(describe(process_section()));
    out.push_back(describe(admin_section()));
    out.push_back(describe(log_section()));
}

}  // namespace ringway::config
