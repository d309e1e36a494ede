// Keys of a scenario file whose values are of no kind that ringway's own file has. Used by the
// sections only.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/suggest.h"
#include "ringway/config/section.h"

namespace ringload {

namespace config = ringway::config;
using config::Complaint;
using config::Key;
using config::Reading;
using config::Rule;
using config::Section;
using config::tables_of;

inline void complain_type(Reading& reading, const Rule& rule, const toml::node& node) {
    reading.complain(node, fmt::format("`{}`: expected {}, found {}", rule.name, rule.shape,
                                       config::type_found(node)));
}

/// One of `Words` as the place of it: an enumeration, or a bool of two words.
template <auto Member, const auto& Words>
auto choice(std::string_view name, std::string_view shape, std::string_view meaning) {
    using Owner = decltype(config::owner_of(Member));
    return config::custom<Owner>(
        name, shape,
        [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
            const auto* value = node.as_string();
            if (value == nullptr) return complain_type(reading, rule, node);
            for (std::size_t i = 0; i < std::size(Words); ++i) {
                if (value->get() != Words[i]) continue;
                owner.*Member = static_cast<std::remove_cvref_t<decltype(owner.*Member)>>(i);
                return;
            }
            const std::vector<std::string> known(std::begin(Words), std::end(Words));
            std::string advice = ringway::base::did_you_mean(value->get(), known);
            if (advice.empty()) advice = fmt::format("; write {}", rule.shape);
            reading.complain(node, fmt::format("`{}`: \"{}\" is not known{}", rule.name,
                                               config::shown(value->get()), advice));
        },
        meaning);
}

/// The strings of an array, in which one may stand twice.
inline void read_strings(Reading& reading, const Rule& rule, const toml::node& node,
                         std::vector<std::string>& out) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return complain_type(reading, rule, node);
    out.clear();
    for (const toml::node& element : *array) {
        const auto* value = element.as_string();
        if (value == nullptr || value->get().find('\0') != std::string::npos)
            return complain_type(reading, rule, element);
        out.push_back(value->get());
    }
}

template <auto Member>
auto command(std::string_view name, std::string_view meaning) {
    using Owner = decltype(config::owner_of(Member));
    return config::custom<Owner>(
               name, "an array of strings, the program first",
               [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
                   read_strings(reading, rule, node, owner.*Member);
               },
               meaning)
        .with_default("none");
}

/// A path from the folder of the file that has it; "" stays so.
template <auto Member>
auto path(std::string_view name, std::string_view meaning) {
    using Owner = decltype(config::owner_of(Member));
    return config::custom<Owner>(
        name, "a path",
        [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
            const auto* value = node.as_string();
            if (value == nullptr || value->get().find('\0') != std::string::npos)
                return complain_type(reading, rule, node);
            owner.*Member = value->get();
            if (value->get().empty() || value->get().front() == '/') return;
            const auto file = node.source().path;
            const auto folder =
                file ? std::filesystem::path(*file).parent_path() : std::filesystem::path();
            owner.*Member = (folder / value->get()).lexically_normal().string();
        },
        meaning);
}

template <auto Member>
auto optional_duration(std::string_view name, config::Bounds bounds, std::string_view meaning) {
    using Owner = decltype(config::owner_of(Member));
    Key<Owner> key = config::custom<Owner>(
        name, "a duration",
        [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
            ringway::base::Duration value{-1};
            config::read_value(reading, rule, node, &value);
            if (value.count() >= 0) owner.*Member = value;
        },
        meaning);
    key.rule.kind = config::Kind::duration;
    key.rule.bounds = bounds;
    return key;
}

/// An address to connect to or to listen on; nothing when there is a complaint.
inline std::optional<ringway::base::SocketAddress> read_address(Reading& reading, const Rule& rule,
                                                                const toml::node& node) {
    const auto* value = node.as_string();
    if (value == nullptr) {
        complain_type(reading, rule, node);
        return {};
    }
    const auto address = ringway::base::SocketAddress::parse(value->get());
    if (address && (!address->is_ip() || address->port() != 0)) return address;
    reading.complain(node, fmt::format("`{}`: \"{}\" is no address; write \"IP:port\" "
                                       "(\"127.0.0.1:80\", \"[::1]:80\") or \"unix:/path\"",
                                       rule.name, config::shown(value->get())));
    return {};
}

template <auto Member>
auto optional_address(std::string_view name, std::string_view meaning) {
    using Owner = decltype(config::owner_of(Member));
    return config::custom<Owner>(
               name, "an address",
               [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
                   owner.*Member = read_address(reading, rule, node);
               },
               meaning)
        .with_default("none");
}

/// One or several.
template <auto Member>
auto addresses(std::string_view name, std::string_view meaning) {
    using Owner = decltype(config::owner_of(Member));
    return config::custom<Owner>(
               name, "an address or an array of them",
               [](Reading& reading, const Rule& rule, const toml::node& node, Owner& owner) {
                   const auto take = [&](const toml::node& element) {
                       if (auto address = read_address(reading, rule, element))
                           (owner.*Member).push_back(*address);
                   };
                   const toml::array* array = node.as_array();
                   if (array == nullptr) return take(node);
                   for (const toml::node& element : *array) take(element);
               },
               meaning)
        .with_default("none");
}

}  // namespace ringload
