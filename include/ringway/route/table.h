// Routing: which [[route]] a request takes. Pure; built once from Config.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/prng.h"
#include "ringway/config/config.h"
#include "ringway/http/head.h"

namespace ringway::route {

/// Most specific first: exact host before wildcard (longer suffix first) before any; then exact
/// path before prefix (longer first) before regex (file order) before any; then more
/// method/header/query conditions before fewer; then file order.
class Table {
 public:
    explicit Table(const config::Config& config);
    ~Table();
    Table(Table&&) noexcept;
    Table& operator=(Table&&) noexcept;

    /// Index into Config::routes, or -1 when no route matches. The host is taken from
    /// head.authority, its port ignored, case ignored. No allocation for hosts and paths up to 256
    /// bytes.
    int match(std::uint16_t listener, const http::RequestHead& head) const;

    /// Every route that was considered, in order, and why each matched or not: for `ringctl route
    /// explain`.
    std::vector<std::string> explain(std::uint16_t listener, const http::RequestHead& head) const;

 private:
    struct Index;
    std::unique_ptr<Index> index_;
};

/// The pool of a route whose action is a pool or a split (weighted by prng). The route must have
/// one of them.
cluster::PoolIndex choose_pool(const config::Route& route, base::Prng& prng);

/// True when the route changes the path (strip_prefix or rewrite); then rewritten_target gives path
/// and query.
bool rewrites_path(const config::Route& route);
/// The new origin-form target, its query kept.
std::string rewritten_target(const config::Route& route, const http::RequestHead& head);

/// The Location value of a redirect. `scheme` is that of the client's connection ("http" or
/// "https").
std::string redirect_location(const config::Route& route, const http::RequestHead& head,
                              std::string_view scheme);

/// The value of a named cookie of the request, or empty; of a named query parameter (not decoded),
/// or empty.
std::string_view cookie_value(const http::RequestHead& head, std::string_view name);
std::string_view query_value(const http::RequestHead& head, std::string_view name);

/// The hash that maglev balances by, or nothing when the request has no such value.
std::optional<std::uint64_t> hash_of(const config::HashKey& key, const http::RequestHead& head,
                                     const base::IpAddress& client);

}  // namespace ringway::route
