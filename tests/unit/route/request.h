// Request heads and configurations made by hand for tests of routing.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/config/config.h"
#include "ringway/http/head.h"

namespace ringway::route {

/// A head as the parser leaves it, with the text that it points into.
class Request {
 public:
    Request(std::string method, std::string host, std::string target,
            std::vector<std::pair<std::string, std::string>> fields = {})
        : method_(std::move(method)),
          host_(std::move(host)),
          target_(std::move(target)),
          fields_(std::move(fields)) {
        head_.method_text = method_;
        head_.target = target_;
        const std::size_t mark = target_.find('?');
        head_.path = std::string_view(target_).substr(0, mark);
        head_.has_query = mark != std::string::npos;
        if (head_.has_query) head_.query = std::string_view(target_).substr(mark + 1);
        head_.authority = host_;
        for (const auto& [name, value] : fields_) {
            http::Field& field = head_.fields.at[head_.fields.count++];
            field.name = name;
            field.value = value;
        }
    }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    const http::RequestHead& head() const { return head_; }

 private:
    std::string method_, host_, target_;
    std::vector<std::pair<std::string, std::string>> fields_;
    http::RequestHead head_{};
};

/// One listener and the given routes, named r0, r1, ... and going to pool 0.
inline config::Config config_of(std::vector<config::Route> routes) {
    config::Config config;
    config.listeners.resize(1);
    for (std::size_t i = 0; i < routes.size(); ++i) {
        routes[i].name = "r" + std::to_string(i);
        routes[i].to_pool = cluster::PoolIndex{0};
    }
    for (config::Route& route : routes) config.routes.push_back(std::move(route));
    return config;
}

}  // namespace ringway::route
