// [shards] and [[shards.cpu]]: how many shards, on which cores, and the settings of each.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sections.h"
#include "values.h"

namespace ringway::config {

namespace {

/// [shards] before it is spread over the cores; the same keys read one [[shards.cpu]], laid over
/// `shard`.
struct ShardsForm {
    Shard shard;
    std::optional<std::uint32_t> count;  // none: "auto"
    std::vector<int> cpus;
    std::uint32_t cpu = 0;                  // of a [[shards.cpu]]
    const toml::node* overrides = nullptr;  // the [[shards.cpu]] tables
};

constexpr std::uint32_t kCpuMax = 4095;

/// The keys that [shards] and [[shards.cpu]] share.
void append_shard_keys(std::vector<Key<ShardsForm>>& keys) {
    constexpr auto kShard = &ShardsForm::shard;
    const std::vector<Key<ShardsForm>> shared{
        count<kShard, &Shard::ring_entries>("ring_entries", {64, 32768},
                                            "entries of the submission queue")
            .power_of_two(),
        count<kShard, &Shard::completion_entries>(
            "completion_entries", {128, 65536},
            "entries of the completion queue; at least twice `ring_entries`")
            .power_of_two(),
        count<kShard, &Shard::buffer_count>("buffer_count", {16, 32768}, "receive buffers"),
        size<kShard, &Shard::buffer_bytes>("buffer_bytes", {4096, 1 << 20},
                                           "size of each receive buffer"),
        size<kShard, &Shard::receive_credit_bytes>(
            "receive_credit_bytes", {4096, 1 << 24},
            "bytes that an upstream connection may deliver before it is asked again"),
        duration<kShard, &Shard::busy_poll>("busy_poll", between(Duration(0), seconds(1)),
                                            "time to spin before sleeping; 0s: sleep at once"),
        size<kShard, &Shard::splice_min_bytes>(
            "splice_min_bytes", {0, 1ull << 40},
            "a body with at least this much left goes by splice; 0: never"),
        count<kShard, &Shard::connections_max>("connections_max", {1, 1 << 20},
                                               "client connections of a shard"),
        texts<kShard, &Shard::kernel_features_off>(
            "kernel_features_off", check_name,
            "features, named as `ringway -V` prints them, to do without"),
    };
    keys.insert(keys.end(), shared.begin(), shared.end());
}

void read_count(Reading& reading, const Rule& rule, const toml::node& node, ShardsForm& form) {
    if (const auto* text = node.as_string(); text != nullptr && text->get() == "auto") return;
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < 1 ||
        number->get() > static_cast<std::int64_t>(base::kShardsMax)) {
        return reading.complain(node, fmt::format("`{}`: write \"auto\" or a number from 1 to {}",
                                                  rule.name, base::kShardsMax));
    }
    form.count = static_cast<std::uint32_t>(number->get());
}

std::string listed(const std::vector<int>& cpus) {
    return cpus.empty() ? "none" : fmt::format("{}", fmt::join(cpus, ", "));
}

void read_cpus(Reading& reading, const Rule& rule, const toml::node& node, ShardsForm& form) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty()) {
        return reading.complain(
            node, fmt::format("`{}`: expected an array of cpu numbers, as [0, 1]", rule.name));
    }
    for (const toml::node& element : *array) {
        const auto* number = element.as_integer();
        const auto same = [&](int cpu) { return number != nullptr && cpu == number->get(); };
        if (number == nullptr) {
            reading.complain(element, fmt::format("`{}`: expected a cpu number, found {}",
                                                  rule.name, type_found(element)));
        } else if (std::ranges::none_of(reading.cpus, same)) {
            reading.complain(element,
                             fmt::format("`{}`: the process may not run on cpu {}; it may on {}",
                                         rule.name, number->get(), listed(reading.cpus)));
        } else if (std::ranges::any_of(form.cpus, same)) {
            reading.complain(element, fmt::format("`{}`: cpu {} is there twice; remove one",
                                                  rule.name, number->get()));
        } else {
            form.cpus.push_back(static_cast<int>(number->get()));
        }
    }
}

const Section<ShardsForm>& shards_section() {
    static const Section<ShardsForm> section = [] {
        Section<ShardsForm> result{
            .heading = "[shards]",
            .meaning =
                "A shard is one thread on one core with its own ring, buffers and connections.",
            .keys =
                {
                    custom<ShardsForm>("count", "\"auto\" or a whole number", read_count,
                                       "\"auto\": one for each cpu; N: one on each of the first N "
                                       "cpus, and beyond "
                                       "them shards that are not pinned; at most 256")
                        .with_default("\"auto\""),
                    custom<ShardsForm>(
                        "cpus", "an array of cpu numbers", read_cpus,
                        "one shard on each of these; not together with a number as `count`")
                        .with_default("all"),
                    custom<ShardsForm>(
                        "cpu", "[[shards.cpu]]",
                        [](Reading&, const Rule&, const toml::node& node, ShardsForm& form) {
                            form.overrides = &node;
                        },
                        "settings of single cores")
                        .with_default("none"),
                },
            .not_available = {},
        };
        append_shard_keys(result.keys);
        return result;
    }();
    return section;
}

const Section<ShardsForm>& shard_cpu_section() {
    static const Section<ShardsForm> section = [] {
        Section<ShardsForm> result{
            .heading = "[[shards.cpu]]",
            .meaning = "Settings of the shard on one core, laid over those of [shards].",
            .keys = {count<&ShardsForm::cpu>("cpu", {0, kCpuMax},
                                             "the core; a shard must run there")
                         .required()},
            .not_available = {},
        };
        append_shard_keys(result.keys);
        for (Key<ShardsForm>& key : result.keys) key.rule.default_shown = "that of [shards]";
        return result;
    }();
    return section;
}

void check_shard(Reading& reading, const toml::node& where, const Shard& shard) {
    if (shard.completion_entries < 2 * shard.ring_entries) {
        reading.complain(
            where,
            fmt::format("`completion_entries` ({}) must be at least twice `ring_entries` ({})",
                        shard.completion_entries, shard.ring_entries));
    }
    constexpr std::uint64_t kArenaMax = 8ull << 30;
    if (std::uint64_t{shard.buffer_count} * shard.buffer_bytes > kArenaMax) {
        reading.complain(
            where,
            fmt::format("`buffer_count` x `buffer_bytes` is {} MiB a shard; write at most 8192 MiB",
                        std::uint64_t{shard.buffer_count} * shard.buffer_bytes >> 20));
    }
}

/// The cores of the shards, -1 for those that are not pinned.
std::vector<int> spread(const Reading& reading, const ShardsForm& form) {
    if (!form.cpus.empty()) return form.cpus;
    const std::size_t cpus = std::max<std::size_t>(1, reading.cpus.size());
    const std::size_t count = std::min(
        form.count.value_or(static_cast<std::uint32_t>(cpus)) + std::size_t{0}, base::kShardsMax);
    std::vector<int> result(count, -1);
    std::copy_n(reading.cpus.begin(), std::min(count, reading.cpus.size()), result.begin());
    return result;
}

void read_overrides(Reading& reading, const ShardsForm& form, std::vector<Shard>& shards) {
    std::vector<int> seen;
    for (const toml::table* table :
         tables_of(reading, "[[shards.cpu]]", *form.overrides, base::kShardsMax)) {
        ShardsForm over;
        over.shard = form.shard;
        read_section(reading, shard_cpu_section(), *table, over);
        check_shard(reading, *table, over.shard);
        const toml::node* cpu_node = table->get("cpu");
        if (cpu_node == nullptr || !cpu_node->is_integer()) continue;
        const int cpu = static_cast<int>(over.cpu);
        if (std::ranges::find(seen, cpu) != seen.end()) {
            reading.complain(*cpu_node,
                             fmt::format("two [[shards.cpu]] are for cpu {}; remove one", cpu));
        }
        seen.push_back(cpu);
        const auto shard = std::ranges::find(shards, cpu, &Shard::cpu);
        if (shard == shards.end()) {
            reading.complain(
                *cpu_node,
                fmt::format("no shard runs on cpu {}; add it to `cpus` or remove this", cpu));
            continue;
        }
        over.shard.cpu = cpu;
        *shard = over.shard;
    }
}

}  // namespace

void read_shards(Reading& reading, const toml::node* node, std::vector<Shard>& out) {
    ShardsForm form;
    const toml::table* table = node != nullptr ? node->as_table() : nullptr;
    if (table != nullptr) {
        read_section(reading, shards_section(), *table, form);
        check_shard(reading, *table, form.shard);
        if (form.count && table->contains("cpus")) {
            reading.complain(*table->get("count"),
                             "`count` and `cpus` exclude each other; remove one");
        }
    } else if (node != nullptr) {
        reading.complain(*node,
                         fmt::format("expected the section [shards], found {}", type_found(*node)));
    }
    for (const int cpu : spread(reading, form)) {
        out.push_back(form.shard);
        out.back().cpu = cpu;
    }
    if (form.overrides != nullptr) read_overrides(reading, form, out);
}

void describe_shards(std::vector<SectionText>& out) {
    out.push_back(describe(shards_section()));
    out.push_back(describe(shard_cpu_section()));
}

}  // namespace ringway::config
