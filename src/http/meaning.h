// What the field lines of a head mean together: framing, persistence, nominated fields. Pure; any
// thread.
#pragma once

#include <cstdint>

#include "ringway/http/head.h"

namespace ringway::http {

/// More connection options than this in one head are refused: each is compared with every field.
inline constexpr std::uint32_t kConnectionOptionsMax = 32;

/// The sum of one head's fields, the same for requests and responses.
struct Meaning {
    const Field* host = nullptr;
    const Field* expect = nullptr;  // the first one that is not 100-continue, else the last one
    const Field* max_forwards = nullptr;  // the last one
    std::uint32_t hosts = 0;
    std::uint32_t max_forwards_lines = 0;
    bool has_length = false;
    std::uint64_t length = 0;  // valid when has_length
    bool chunked = false;
    bool close = false;           // Connection: close
    bool keep_alive = false;      // Connection: keep-alive
    bool upgrade_option = false;  // Connection: upgrade
    bool upgrade_field = false;
};

/// Fills in the id and nomination of every field, and checks and collects what frames the message
/// (RFC 9112 6) of the given minor version. Errors: those of Content-Length, Transfer-Encoding and
/// Connection.
HeadError read_meaning(Fields& fields, std::uint8_t minor_version, Meaning& meaning);

/// True for "100-continue" in any case, the one expectation there is (RFC 9110 10.1.1).
bool is_continue(std::string_view expectation);

}  // namespace ringway::http
