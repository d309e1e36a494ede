// Where to ask and with which token: from flags, the environment and ringway's own configuration.
// Reads files and the environment, nothing else.
#pragma once

#include <optional>
#include <string>

#include "client/address.h"
#include "client/failure.h"
#include "tables/style.h"

namespace ringctl {

/// The flags that every command has.
struct Globals {
    std::optional<std::string> admin;
    std::optional<std::string> token_file;
    std::optional<std::string> config;
    bool json = false;
    std::string colour = "auto";
};

struct Connection {
    Address address;
    std::string address_source;  // "--admin", "/etc/ringway/ringway.toml"
    std::string token;           // "" when there is none, or it could not be read
    std::string token_problem;   // why it could not: a sentence for who wants to change something

    /// What to try when nobody answers.
    std::string hint() const;
};

inline constexpr const char* kDefaultConfig = "/etc/ringway/ringway.toml";
inline constexpr const char* kDefaultAddress = "127.0.0.1:9901";

/// --admin, --config, RINGWAY_ADMIN, the default configuration, the default address: the first that
/// says it. --token-file, --config, RINGWAY_TOKEN_FILE, the default configuration likewise.
/// `default_config` is an argument for tests.
Result<Connection> find_connection(const Globals& globals,
                                   const std::string& default_config = kDefaultConfig);

}  // namespace ringctl
