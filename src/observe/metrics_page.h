// What the families of the metrics page are written with. Internal to observe/.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/observe/counters.h"

namespace ringway::observe {

enum class Type : std::uint8_t { counter, gauge, histogram };

struct Family {
    const char* name;
    Type type;
    const char* help;
};

template <class Owner>
struct Row {
    Family family;
    Counter Owner::* counter;
};

/// Upper bounds of the histogram buckets, in ns and as the `le` label.
inline constexpr std::pair<std::uint64_t, const char*> kBounds[] = {
    {500'000, "0.0005"},   {1'000'000, "0.001"},   {2'500'000, "0.0025"},  {5'000'000, "0.005"},
    {10'000'000, "0.01"},  {25'000'000, "0.025"},  {50'000'000, "0.05"},   {100'000'000, "0.1"},
    {250'000'000, "0.25"}, {500'000'000, "0.5"},   {1'000'000'000, "1"},   {2'500'000'000, "2.5"},
    {5'000'000'000, "5"},  {10'000'000'000, "10"}, {30'000'000'000, "30"}, {60'000'000'000, "60"},
};

inline constexpr const char* kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

inline std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

/// The text so far. Labels are a ready string `a="x",b="y"`, made once for each owner.
class Page {
 public:
    void family(const Family& family) {
        static constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
        fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name,
                       family.help, kTypes[static_cast<std::size_t>(family.type)]);
        name_ = family.name;
    }

    template <class Number>
    void sample(std::string_view labels, Number value) {
        if (labels.empty()) {
            fmt::format_to(std::back_inserter(text_), "{} {}\n", name_, value);
        } else {
            fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", name_, labels, value);
        }
    }

    template <class Number>
    void single(const Family& of, Number value) {
        family(of);
        sample("", value);
    }

    void histogram(std::string_view labels, const HistogramSum& sum) {
        const auto out = std::back_inserter(text_);
        for (const auto& [ns, le] : kBounds) {
            fmt::format_to(out, "{}_bucket{{{},le=\"{}\"}} {}\n", name_, labels, le,
                           sum.count_below(ns));
        }
        fmt::format_to(out, "{}_bucket{{{},le=\"+Inf\"}} {}\n", name_, labels, sum.count());
        fmt::format_to(out, "{}_sum{{{}}} {}\n", name_, labels,
                       static_cast<double>(sum.sum_ns()) / 1e9);
        fmt::format_to(out, "{}_count{{{}}} {}\n", name_, labels, sum.count());
    }

    std::string take() { return std::move(text_); }

 private:
    std::string text_;
    const char* name_ = "";
};

using Shards = std::span<const ShardCounters* const>;

/// Writes the families of things that every shard counts: `labels` has one entry for each thing,
/// and at(shard, i) is the counters of thing i in a shard.
template <class Owner, class At>
class Summed {
 public:
    Summed(Page& page, Shards shards, const std::vector<std::string>& labels, At at)
        : page_(page), shards_(shards), labels_(labels), at_(at) {}

    template <class Rows>
    void counters(const Rows& rows) {
        for (const auto& row : rows) {
            page_.family(row.family);
            for (std::size_t i = 0; i < labels_.size(); ++i) {
                std::uint64_t sum = 0;
                for (const ShardCounters* shard : shards_)
                    sum += (at_(*shard, i).*row.counter).get();
                page_.sample(labels_[i], sum);
            }
        }
    }

    void responses(const Family& family) {
        page_.family(family);
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            for (std::size_t status_class = 0; status_class < std::size(kClasses); ++status_class) {
                std::uint64_t sum = 0;
                for (const ShardCounters* shard : shards_) {
                    sum += at_(*shard, i).responses_by_class[status_class].get();
                }
                page_.sample(fmt::format("{},class=\"{}\"", labels_[i], kClasses[status_class]),
                             sum);
            }
        }
    }

    void histogram(const Family& family, Histogram Owner::* member) {
        page_.family(family);
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            HistogramSum sum;
            for (const ShardCounters* shard : shards_) sum.add(at_(*shard, i).*member);
            page_.histogram(labels_[i], sum);
        }
    }

 private:
    Page& page_;
    Shards shards_;
    const std::vector<std::string>& labels_;
    At at_;
};

template <class Owner, class At>
Summed<Owner, At> summed(Page& page, Shards shards, const std::vector<std::string>& labels, At at) {
    return {page, shards, labels, at};
}

template <class List>
std::vector<std::string> labels_of(const char* label, const List& list) {
    std::vector<std::string> labels;
    for (const auto& element : list)
        labels.push_back(fmt::format("{}=\"{}\"", label, escaped(element.name)));
    return labels;
}
/// Of the elements at these places.
template <class List>
std::vector<std::string> labels_of(const char* label, const List& list,
                                   const std::vector<std::uint16_t>& places) {
    std::vector<std::string> labels;
    labels.reserve(places.size());
    for (const std::uint16_t place : places) {
        labels.push_back(fmt::format("{}=\"{}\"", label, escaped(list[place].name)));
    }
    return labels;
}

}  // namespace ringway::observe
