// What a route takes out of a request: cookies, query parameters, the key to hash, and the pool of
// a split.
#include "ringway/base/assert.h"
#include "ringway/base/hash.h"
#include "ringway/route/table.h"
#include "text.h"

namespace ringway::route {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The value of `name` in one Cookie field (RFC 6265 4.2.1: pairs parted by "; "); data() is null
/// when it has none.
std::string_view cookie_in(std::string_view field, std::string_view name) {
    while (!field.empty()) {
        const std::size_t end = field.find(';');
        const std::string_view pair = field.substr(0, end);
        field = end == std::string_view::npos ? std::string_view{} : field.substr(end + 1);
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        if (trimmed(pair.substr(0, equals)) == name) return trimmed(pair.substr(equals + 1));
    }
    return {};
}

std::string_view header_value(const http::RequestHead& head, std::string_view name) {
    for (const http::Field& field : head.fields) {
        if (equal_ignoring_case(field.name, name)) return field.value;
    }
    return {};
}

/// 16 bytes of the mapped form, so that 1.2.3.4 and ::ffff:1.2.3.4 are one client.
std::string_view bytes_of(const base::IpAddress& client) {
    return {reinterpret_cast<const char*>(client.bytes), sizeof(client.bytes)};
}

}  // namespace

cluster::PoolIndex choose_pool(const config::Route& route, base::Prng& prng) {
    if (route.to_pool) return *route.to_pool;
    RW_ASSERT(route.split.has_value());
    std::uint32_t weight_sum = 0;
    for (const auto& target : route.split->targets) weight_sum += target.second;
    RW_ASSERT(weight_sum > 0);
    std::uint32_t point = prng.below(weight_sum);
    for (const auto& [pool, weight] : route.split->targets) {
        if (point < weight) return pool;
        point -= weight;
    }
    RW_ASSERT(false);
    return {};
}

std::string_view cookie_value(const http::RequestHead& head, std::string_view name) {
    for (const http::Field& field : head.fields) {
        if (!equal_ignoring_case(field.name, "cookie")) continue;
        const std::string_view value = cookie_in(field.value, name);
        if (value.data() != nullptr) return value;
    }
    return {};
}

std::string_view query_value(const http::RequestHead& head, std::string_view name) {
    std::string_view found;
    for_each_parameter(head.query, [&](std::string_view parameter, std::string_view value) {
        if (parameter != name) return true;
        found = value;
        return false;
    });
    return found;
}

std::optional<std::uint64_t> hash_of(const config::HashKey& key, const http::RequestHead& head,
                                     const base::IpAddress& client) {
    std::string_view value;
    switch (key.kind) {
        case config::HashKey::Kind::client_address:
            value = bytes_of(client);
            break;
        case config::HashKey::Kind::header:
            value = header_value(head, key.name);
            break;
        case config::HashKey::Kind::cookie:
            value = cookie_value(head, key.name);
            break;
        case config::HashKey::Kind::query:
            value = query_value(head, key.name);
            break;
        case config::HashKey::Kind::path:
            value = head.path;
            break;
    }
    if (value.empty()) return std::nullopt;
    return base::hash_bytes(value);
}

}  // namespace ringway::route
