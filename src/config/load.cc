// parse() and load(): the walk over the sections of a file. No exception leaves: toml++ throws on a
// syntax error, which is caught here. Any thread; allocates freely.
#include "ringway/config/load.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

constexpr std::size_t kFileBytesMax = 16 << 20;

const std::vector<std::string> kSections{"process",  "shards", "admin", "log",
                                         "listener", "route",  "pool"};
constexpr std::string_view kNotAvailable[] = {"deployment", "region", "alerts",
                                              "recovery",   "state",  "cache"};

void read_root(Reading& reading, const toml::table& root, Config& config) {
    std::vector<std::string> meant;
    for (const auto& [key, node] : root) {
        if (std::ranges::find(kSections, key.str()) != kSections.end()) continue;
        meant.emplace_back(complain_unknown(reading, key, "the file", kSections, kNotAvailable));
    }
    if (const toml::node* node = root.get("process")) read_process(reading, *node, config.process);
    if (const toml::node* node = root.get("admin")) read_admin(reading, *node, config.admin);
    if (const toml::node* node = root.get("log")) read_log(reading, *node, config.log);
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

std::expected<Config, std::vector<Error>> parse(std::string_view text, const std::string& file_name,
                                                const Machine& machine) {
    Reading reading(file_name, machine, all_sections);
    Config config;
    config.file = file_name;
    try {
        const toml::table root = toml::parse(text, std::string_view(file_name));
        read_root(reading, root, config);
    } catch (const toml::parse_error& error) {
        const toml::source_position begin = error.source().begin;
        reading.errors.add({begin.line, begin.column},
                           fmt::format("no valid TOML: {}", printable(error.description())));
    } catch (const std::exception& error) {  // out of memory, or a library's own limit
        reading.errors.add({}, fmt::format("cannot be read as TOML: {}", printable(error.what())));
    }
    if (!reading.errors.empty()) return std::unexpected(reading.errors.take_sorted());
    return config;
}

std::expected<Config, std::vector<Error>> load(const std::string& path, const Machine& machine) {
    const auto fail = [&](std::string message) {
        return std::unexpected(std::vector<Error>{{path, 0, 0, std::move(message)}});
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file) return fail(fmt::format("cannot be opened: {}", std::strerror(errno)));
    std::string text;
    char piece[16 * 1024];
    while (text.size() <= kFileBytesMax) {
        const std::size_t size = std::fread(piece, 1, sizeof piece, file.get());
        if (size == 0) break;
        text.append(piece, size);
    }
    if (std::ferror(file.get()) != 0)
        return fail(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (text.size() > kFileBytesMax)
        return fail("is larger than 16 MiB, which no configuration is");
    return parse(text, path, machine);
}

}  // namespace ringway::config
