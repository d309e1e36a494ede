// Values of more than one form that several sections share: addresses, secrets, header edits and
// references by name.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/config/section.h"

namespace ringway::config {

/// "[[listener]]" and its keys: toml++ keeps tables sorted by key, the file's order is that of the
/// places.
std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(const toml::table& table);

/// The number of an IP address and port or a unix socket to listen on; complains otherwise.
std::optional<base::SocketAddress> read_listen_address(Reading& reading, const Rule& rule,
                                                       const toml::node& node);

/// A string, `{ env = "NAME" }` or `{ file = "/path" }`, as a header value. Never shown in a
/// message.
std::optional<std::string> read_secret(Reading& reading, std::string_view name,
                                       const toml::node& node);
/// The first 64 KiB of a regular file without its last line end; complains when it cannot be read,
/// is larger or empty.
std::optional<std::string> read_secret_file(Reading& reading, const toml::node& where,
                                            std::string_view name, const std::string& path);

/// `{ "Name" = value, ... }` as edits of one kind, appended.
void read_edits(Reading& reading, const Rule& rule, const toml::node& node, HeaderEdit::Kind kind,
                std::vector<HeaderEdit>& out);
/// `{ set = {}, add = {}, remove = [] }`. Applied in the order remove, set, add.
void read_header_edits(Reading& reading, const Rule& rule, const toml::node& node,
                       std::vector<HeaderEdit>& out);

/// `{ "name" = "value" }` or `{ "name" = { prefix = "v" } }` and so on.
void read_matches(Reading& reading, const Rule& rule, const toml::node& node,
                  Check check_match_name, std::vector<StringMatch>& out);

/// The place of `name` in `names`; complains with the nearest one when it is not there. `what` is
/// "pool".
std::optional<std::uint16_t> find_name(Reading& reading, Place place, std::string_view what,
                                       std::string_view name,
                                       const std::vector<std::string>& names);

/// Keeps `name` as the newest of `names`; complains when it is there already.
void add_name(Reading& reading, const toml::table& table, std::string_view what,
              const std::string& name, std::vector<std::string>& names);

}  // namespace ringway::config
