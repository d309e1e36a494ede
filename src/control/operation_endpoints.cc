// Replies to operations. The handlers that are slow run on the admin server's worker thread.
#include "operation_endpoints.h"

#include <fmt/format.h>

#include <charconv>

#include "query.h"
#include "ringway/base/units.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

using observe::JsonWriter;

constexpr base::Duration kConfirmMax = std::chrono::hours(24);
constexpr std::size_t kNameBytesMax = 255;
constexpr base::Duration kConfirmDefault = std::chrono::seconds(60);

AdminReply not_available() {
    return error_reply(501, "not_available", "this process cannot do that");
}

AdminReply reply_of(const OperationError& error) {
    return error_reply(error.status, error.code, error.message, error.details);
}

void put_bound(JsonWriter& json, const std::optional<double>& bound) {
    if (!bound) return json.null();
    json.text(fmt::format("errors>{:g}%", *bound * 100));
}

void put_texts(JsonWriter& json, const std::vector<std::string>& texts) {
    json.open_array();
    for (const std::string& text : texts) json.text(text);
    json.close_array();
}

void put_reloaded(JsonWriter& json, const Reloaded& reloaded) {
    json.key("generation").number(reloaded.generation);
    put_texts(json.key("changed"), reloaded.changed);
    put_texts(json.key("needs_restart"), reloaded.needs_restart);
}

/// `put` writes the members of the reply's object.
template <class Put>
AdminReply object_reply(Put put) {
    AdminReply reply;
    JsonWriter json(reply.body);
    json.open_object();
    put(json);
    json.close_object();
    reply.body += '\n';
    return reply;
}

AdminReply reloaded_reply(const std::function<Outcome<Reloaded>()>& operation) {
    if (!operation) return not_available();
    const auto outcome = operation();
    if (!outcome) return reply_of(outcome.error());
    return object_reply([&](JsonWriter& json) { put_reloaded(json, *outcome); });
}

AdminReply upgrade(const Operations& operations) {
    if (!operations.upgrade) return not_available();
    const auto outcome = operations.upgrade();
    if (!outcome) return reply_of(outcome.error());
    return object_reply([&](JsonWriter& json) {
        json.key("pid").number(static_cast<std::uint64_t>(outcome->pid));
    });
}

std::expected<ApplyOrder, std::string> read_order(const AdminRequest& request) {
    ApplyOrder order{.toml = std::string(request.body), .confirm = kConfirmDefault};
    if (const auto confirm = value_in(request.query, "confirm")) {
        const auto duration = base::parse_duration(*confirm);
        if (!duration || *duration < std::chrono::seconds(1) || *duration > kConfirmMax) {
            return std::unexpected("`confirm` has to be a duration from 1s to 24h, as 60s");
        }
        order.confirm = *duration;
    }
    if (const auto name = value_in(request.query, "name"))
        order.name = name->substr(0, kNameBytesMax);
    if (const auto text = value_in(request.query, "abort_if")) {
        const auto bound = read_abort_bound(*text);
        if (!bound) return std::unexpected(bound.error());
        order.abort_if = *bound;
    }
    return order;
}

AdminReply apply(const Operations& operations, const AdminRequest& request) {
    if (!operations.apply) return not_available();
    const auto order = read_order(request);
    if (!order) return error_reply(400, "bad_query", order.error());
    const auto outcome = operations.apply(*order);
    if (!outcome) return reply_of(outcome.error());
    return object_reply([&](JsonWriter& json) {
        put_reloaded(json, outcome->reloaded);
        json.key("confirm_by").time(outcome->confirm_by_unix_ns);
        put_bound(json.key("abort_if"), order->abort_if);
    });
}

AdminReply pending(const Operations& operations) {
    if (!operations.pending) return not_available();
    const auto pending = operations.pending();
    return object_reply([&](JsonWriter& json) {
        json.key("pending").boolean(pending.has_value());
        if (!pending) return;
        json.key("generation").number(pending->generation);
        json.key("confirm_by").time(pending->confirm_by_unix_ns);
        put_bound(json.key("abort_if"), pending->abort_if);
    });
}

}  // namespace

std::expected<double, std::string> read_abort_bound(std::string_view text) {
    const auto wrong = std::unexpected(
        std::string("`abort_if` has to be a share of failed requests, as errors>1%"));
    constexpr std::string_view kWhat = "errors>";
    if (!text.starts_with(kWhat) || !text.ends_with('%')) return wrong;
    text.remove_prefix(kWhat.size());
    text.remove_suffix(1);
    double percent = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size()) return wrong;
    if (!(percent >= 0) || percent >= 100) return wrong;
    return percent / 100;
}

std::vector<AdminEndpoint> operation_endpoints(const EndpointSources& sources) {
    const Operations& of = sources.operations;
    const auto post = [](const char* path, std::function<AdminReply(const AdminRequest&)> handler,
                         AdminBody body = AdminBody::none) {
        return AdminEndpoint{.path = path,
                             .methods = {http::Method::post},
                             .handler = std::move(handler),
                             .body = body,
                             .slow = true};
    };
    std::vector<AdminEndpoint> endpoints = {
        post("/reload", [&of](const AdminRequest&) { return reloaded_reply(of.reload); }),
        post(
            "/config/apply", [&of](const AdminRequest& request) { return apply(of, request); },
            AdminBody::toml),
        post("/config/confirm", [&of](const AdminRequest&) { return reloaded_reply(of.confirm); }),
        post("/config/revert", [&of](const AdminRequest&) { return reloaded_reply(of.revert); }),
        post("/upgrade", [&of](const AdminRequest&) { return upgrade(of); })};
    endpoints.push_back({.path = "/config/pending",
                         .methods = {http::Method::get},
                         .handler = [&of](const AdminRequest&) { return pending(of); }});
    return endpoints;
}

}  // namespace ringway::control
