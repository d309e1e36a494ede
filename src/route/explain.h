// Why a request takes the route that it takes. Pure; slow on purpose: it judges every route by
// itself, without the index.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "paths.h"

namespace ringway::route {

/// A line for each route of the listener, most specific first, those of other hosts last. `rules`
/// stand beside `routes`.
std::vector<std::string> explain_routes(const config::SharedVector<config::Route>& routes,
                                        std::span<const Rule> rules, std::uint16_t listener,
                                        const http::RequestHead& head);

}  // namespace ringway::route
