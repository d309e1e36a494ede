// Results side by side, read from their JSON. Blocking; any thread.
#include "report/compare.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "report/digest.h"
#include "report/show.h"
#include "ringway/base/printable.h"

namespace ringload {

namespace {

using ringway::base::shown;
using simdjson::dom::element;

constexpr std::size_t kFileBytesMax = 64 << 20;
constexpr std::size_t kFilesMax = 6;
constexpr std::size_t kFaultsMax = 100;
constexpr std::size_t kWatchedMax = 16;

using Show = std::string (*)(double);

std::string show_whole(double value) { return fmt::format("{:.0f}", value); }
std::string show_us(double us) { return fmt::format("{:.2f} us", us); }

/// One result; the parser owns what `root` points to.
struct Loaded {
    std::string name;
    std::unique_ptr<simdjson::dom::parser> parser;
    element root;
};

/// A row: where the figure of each result stands in it, "" where it has none.
struct Row {
    std::string name;
    std::vector<std::string> pointers;
    Show show;
};

std::optional<double> number_at(const element& root, const std::string& pointer) {
    double value = 0;
    if (pointer.empty() || root.at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
    return value;
}

std::string text_at(const element& root, const std::string& pointer) {
    std::string_view value;
    if (root.at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
    return std::string(value);
}

std::size_t size_at(const element& root, const char* pointer, std::size_t size_max) {
    simdjson::dom::array array;
    if (root.at_pointer(pointer).get(array) != simdjson::SUCCESS) return 0;
    return std::min(array.size(), size_max);
}

std::unexpected<std::string> wrong(const std::string& name, std::string_view why) {
    return std::unexpected(fmt::format("{}: {}", shown(name), why));
}

std::expected<Loaded, std::string> load(const NamedJson& result) {
    Loaded loaded{
        .name = result.name, .parser = std::make_unique<simdjson::dom::parser>(), .root = {}};
    const auto error = loaded.parser->parse(result.json).get(loaded.root);
    if (error == simdjson::MEMALLOC) return wrong(result.name, "there is no memory to read it");
    if (error != simdjson::SUCCESS) {
        return wrong(result.name,
                     fmt::format("is no result of ringload --json: it is no whole JSON ({})",
                                 simdjson::error_message(error)));
    }
    for (const char* member : {"/version", "/url", "/mode"}) {
        if (!text_at(loaded.root, member).empty()) continue;
        return wrong(
            result.name,
            fmt::format("is no result of ringload --json: it has no text `{}`", member + 1));
    }
    for (const char* member :
         {"/rate", "/measured_s", "/requests/due", "/requests/answered", "/requests/errors"}) {
        if (number_at(loaded.root, member)) continue;
        return wrong(
            result.name,
            fmt::format("is no result of ringload --json: it has no number `{}`", member + 1));
    }
    return loaded;
}

std::expected<std::string, std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                               std::fclose);
    if (!file) return wrong(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
    std::string text;
    std::array<char, 1 << 16> chunk;
    while (true) {
        errno = 0;
        const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file.get());
        if (n == 0 && std::ferror(file.get()) != 0) {
            return wrong(path, fmt::format("cannot be read: {}", std::strerror(errno)));
        }
        if (n == 0) return text;
        text.append(chunk.data(), n);
        if (text.size() > kFileBytesMax) {
            return wrong(path, fmt::format("is no result of ringload --json: it is larger than {}",
                                           show_bytes(static_cast<double>(kFileBytesMax))));
        }
    }
}

void add_everywhere(std::vector<Row>& rows, std::string name, const std::string& pointer, Show show,
                    std::size_t results) {
    rows.push_back({std::move(name), std::vector<std::string>(results, pointer), show});
}

void add_load_rows(std::vector<Row>& rows, const std::vector<Loaded>& results) {
    const auto add = [&](std::string name, const std::string& pointer, Show show) {
        add_everywhere(rows, std::move(name), pointer, show, results.size());
    };
    add("wanted rate", "/wanted_rate", show_rate);
    add("rate", "/rate", show_rate);
    add("requests", "/requests/due", show_whole);
    add("errors", "/requests/errors", show_whole);
    add("mean", "/latency/mean_ms", show_ms);
    for (const NamedQuantile& named : kQuantiles) {
        add(std::string(named.name), fmt::format("/latency/{}", named.json_key), show_ms);
    }
    add("max", "/latency/max_ms", show_ms);
    add("first byte p99", "/first_byte/p99_ms", show_ms);
    add("highest rate found", "/find_max/rate", show_rate);
    add("CPU per request", "/cpu/ringload_us_per_request", show_us);
    std::size_t watched = 0;
    for (const Loaded& result : results) {
        watched = std::max(watched, size_at(result.root, "/cpu/watched", kWatchedMax));
    }
    for (std::size_t i = 0; i < watched; ++i) {
        add(fmt::format("  of watched process {}", i + 1),
            fmt::format("/cpu/watched/{}/us_per_request", i), show_us);
    }
}

/// A fault by what it was, and where it stands in each result.
struct FaultPlaces {
    std::string name;
    std::vector<std::string> pointers;
};

/// The faults of all results; the n-th of a kind and origin is the same fault in all of them.
std::vector<FaultPlaces> faults_of(const std::vector<Loaded>& results) {
    std::vector<FaultPlaces> faults;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const element& root = results[i].root;
        const std::size_t count = size_at(root, "/faults", kFaultsMax);
        for (std::size_t j = 0; j < count; ++j) {
            const std::string pointer = fmt::format("/faults/{}", j);
            const std::string name = fmt::format("{} {}", shown(text_at(root, pointer + "/kind")),
                                                 shown(text_at(root, pointer + "/origin")));
            auto same = std::ranges::find_if(faults, [&](const FaultPlaces& fault) {
                return fault.name == name && fault.pointers[i].empty();
            });
            if (same == faults.end()) {
                faults.push_back({name, std::vector<std::string>(results.size())});
                same = faults.end() - 1;
            }
            same->pointers[i] = pointer;
        }
    }
    return faults;
}

void add_fault_rows(std::vector<Row>& rows, const std::vector<Loaded>& results) {
    struct Figure {
        const char* name;
        const char* member;
        Show show;
    };
    constexpr Figure kFigures[] = {
        {"errors", "/errors", show_whole},       {"added", "/worst_added_ms", show_ms},
        {"detected", "/detected_ms", show_ms},   {"told", "/told_ms", show_ms},
        {"recovered", "/recovered_ms", show_ms}, {"taken back", "/taken_back_ms", show_ms}};
    for (const FaultPlaces& fault : faults_of(results)) {
        for (const Figure& figure : kFigures) {
            Row row{fmt::format("{}: {}", fault.name, figure.name), fault.pointers, figure.show};
            for (std::string& pointer : row.pointers) {
                if (!pointer.empty()) pointer += figure.member;
            }
            rows.push_back(std::move(row));
        }
    }
}

std::string ratio_of(const std::optional<double>& value, const std::optional<double>& first) {
    if (!value || !first || *first == 0) return "-";
    const double ratio = *value / *first;
    return fmt::format("{:.{}f}", ratio, std::abs(ratio) < 100 ? 2 : 0);
}

/// Nothing when no result has the figure.
std::optional<std::vector<std::string>> cells_of(const Row& row,
                                                 const std::vector<Loaded>& results) {
    std::vector<std::string> cells = {row.name};
    const auto first = number_at(results.front().root, row.pointers.front());
    bool is_known = false;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const auto value = number_at(results[i].root, row.pointers[i]);
        is_known = is_known || value.has_value();
        cells.push_back(value ? row.show(*value) : "-");
        if (i > 0) cells.push_back(ratio_of(value, first));
    }
    if (!is_known) return {};
    return cells;
}

char letter_of(std::size_t i) { return static_cast<char>('A' + i); }

/// Which column is which, and what forbids to compare them.
std::string legend_of(const std::vector<Loaded>& results) {
    Table table(0);
    std::string warning;
    const std::string mode = text_at(results.front().root, "/mode");
    for (std::size_t i = 0; i < results.size(); ++i) {
        const element& root = results[i].root;
        const std::string own = text_at(root, "/mode");
        table.row({std::string(1, letter_of(i)), shown(results[i].name),
                   shown(text_at(root, "/url")), shown(own),
                   show_ms(*number_at(root, "/measured_s") * 1e3)});
        if ((own == "closed") != (mode == "closed") && warning.empty()) {
            warning = fmt::format(
                "A and {} are not of one kind: the latencies of a closed loop leave out "
                "what its own waiting hides\n",
                letter_of(i));
        }
    }
    return table.str() + warning;
}

constexpr const char* kHelp =
    "ringload compare A.json B.json [C.json ...]: results side by side\n"
    "\n"
    "Prints a row for each figure and a column for each file that `ringload --json FILE` wrote, "
    "with\n"
    "the ratio to the first one. Latencies are the corrected ones. At most 6 files.\n"
    "\n"
    "  -h, --help  this text\n"
    "\n"
    "Exit status: 0, or 1 when a file is no result.\n";

int refuse(const std::string& why) {
    std::fputs(fmt::format("ringload compare: {}\n", why).c_str(), stderr);
    return 1;
}

}  // namespace

std::expected<std::string, std::string> compare_json(const std::vector<NamedJson>& results) {
    if (results.size() < 2 || results.size() > kFilesMax) {
        return std::unexpected(
            fmt::format("takes 2 to {} results, not {}; name the files that "
                        "ringload --json wrote",
                        kFilesMax, results.size()));
    }
    std::vector<Loaded> all;
    for (const NamedJson& result : results) {
        auto loaded = load(result);
        if (!loaded) return std::unexpected(loaded.error());
        all.push_back(std::move(*loaded));
    }
    std::vector<Row> rows;
    add_load_rows(rows, all);
    add_fault_rows(rows, all);
    Table table;
    std::vector<std::string> head = {""};
    for (std::size_t i = 0; i < all.size(); ++i) {
        head.emplace_back(1, letter_of(i));
        if (i > 0) head.push_back(fmt::format("{}/A", letter_of(i)));
    }
    table.row(std::move(head));
    for (const Row& row : rows) {
        if (auto cells = cells_of(row, all)) table.row(std::move(*cells));
    }
    return legend_of(all) + '\n' + table.str();
}

std::expected<std::string, std::string> compare(const std::vector<std::string>& paths) {
    if (paths.size() > kFilesMax) return compare_json(std::vector<NamedJson>(paths.size()));
    std::vector<NamedJson> results;
    for (const std::string& path : paths) {
        auto json = read_file(path);
        if (!json) return std::unexpected(json.error());
        results.push_back({path, std::move(*json)});
    }
    return compare_json(results);
}

int compare_command(int argc, const char* const* argv) {
    std::vector<std::string> paths;
    bool is_flag_possible = true;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (is_flag_possible && (word == "-h" || word == "--help")) {
            std::fputs(kHelp, stdout);
            return 0;
        }
        if (is_flag_possible && word.starts_with('-')) {
            if (word != "--") {
                return refuse(fmt::format("unknown flag {} (ringload compare --help lists all)",
                                          shown(word)));
            }
            is_flag_possible = false;
            continue;
        }
        paths.push_back(word);
    }
    const auto table = compare(paths);
    if (!table) return refuse(table.error());
    std::fputs(table->c_str(), stdout);
    return 0;
}

}  // namespace ringload
