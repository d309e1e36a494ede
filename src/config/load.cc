// parse() and load(): the walk over the sections of a file. Any thread; allocates freely.
#include "ringway/config/load.h"

#include <sched.h>
#include <toml++/toml.h>

#include "ringway/config/toml_file.h"
#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

const std::vector<std::string> kSections{"process", "shards",   "admin", "log",
                                         "alerts",  "listener", "route", "pool"};
constexpr std::string_view kNotAvailable[] = {"deployment", "region", "recovery", "state", "cache"};

void read_root(Reading& reading, const toml::table& root, Config& config) {
    std::vector<std::string> meant;
    for (const auto& [key, node] : root) {
        if (std::ranges::find(kSections, key.str()) != kSections.end()) continue;
        meant.emplace_back(complain_unknown(reading, key, "the file", kSections, kNotAvailable));
    }
    if (const toml::node* node = root.get("process")) read_process(reading, *node, config.process);
    if (const toml::node* node = root.get("admin")) read_admin(reading, *node, config.admin);
    if (const toml::node* node = root.get("log")) read_log(reading, *node, config.log);
    if (const toml::node* node = root.get("alerts")) read_alerts(reading, *node, config.alerts);
    read_shards(reading, root.get("shards"), config.shards);
    if (const toml::node* node = root.get("listener")) read_listeners(reading, *node, config);
    if (const toml::node* node = root.get("pool")) read_pools(reading, *node, config);
    if (const toml::node* node = root.get("route")) read_routes(reading, *node, config);

    const auto missing = [&](std::string_view name) {
        if (std::ranges::find(meant, name) != meant.end()) return false;
        const toml::node* node = root.get(name);
        return node == nullptr || (node->is_array() && node->as_array()->empty());
    };
    if (missing("listener")) {
        reading.errors.add(
            {}, "no [[listener]]: nothing could reach the proxy; add one with an `address`");
    }
    if (missing("route")) {
        reading.errors.add({},
                           "no [[route]]: every request would get 404; add one with a `pool`, "
                           "`redirect` or `respond`");
    }
}

}  // namespace

Machine this_machine() {
    Machine machine;
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) machine.cpus.push_back(cpu);
    }
    return machine;
}

std::expected<Config, std::vector<Error>> parse(std::string_view text, const std::string& file_name,
                                                const Machine& machine) {
    Reading reading(file_name, machine, all_sections);
    Config config;
    config.file = file_name;
    parse_toml(text, reading.errors,
               [&](const toml::table& root) { read_root(reading, root, config); });
    if (!reading.errors.empty()) return std::unexpected(reading.errors.take_sorted());
    return config;
}

std::expected<Config, std::vector<Error>> load(const std::string& path, const Machine& machine) {
    const auto text = read_file(path);
    if (!text) return std::unexpected(std::vector<Error>{{path, 0, 0, text.error()}});
    return parse(*text, path, machine);
}

}  // namespace ringway::config
