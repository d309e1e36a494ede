// What an alert looks like on the wire. No state.
#include <fmt/format.h>

#include <string_view>

#include "ringway/control/alert_book.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

const char* word_of(Notice::Status status) {
    constexpr const char* kNames[] = {"firing", "resolved", "event"};
    return kNames[static_cast<std::size_t>(status)];
}

void put_or_null(observe::JsonWriter& json, std::string_view key, std::string_view text) {
    json.key(key);
    if (text.empty()) {
        json.null();
    } else {
        json.text(text);
    }
}

std::string json_body(const Notice& notice, std::string_view host) {
    const observe::Event& event = notice.event.told.event;
    std::string body;
    observe::JsonWriter json(body);
    json.open_object();
    json.key("source").text("ringway");
    json.key("host").text(host);
    // the same for all notices of one trouble
    json.key("key").text(fmt::format("{}/{}/{}", observe::name_of(notice.kind), notice.event.pool,
                                     notice.event.upstream));
    json.key("status").text(word_of(notice.status));
    json.key("severity").text(name_of(notice.severity));
    json.key("kind").text(observe::name_of(notice.kind));
    json.key("pool").text(notice.event.pool);
    put_or_null(json, "upstream", notice.event.upstream);
    json.key("text").text(notice.event.sentence);
    json.key("event_id").number(notice.event.told.id);
    json.key("event").text(observe::name_of(event.kind));
    put_or_null(json, "reason",
                event.reason == cluster::Reason::none ? "" : cluster::name_of(event.reason));
    put_or_null(json, "evidence", event.evidence_text());
    json.key("time").time(notice.event.told.unix_ns);
    json.key("since").time(notice.since_unix_ns);
    json.key("took_ms").milliseconds(event.took);
    json.key("repeats").number(notice.repeats);
    json.key("escalations").number(notice.escalations);
    json.close_object();
    return body;
}

/// Slack's own three escapes; nothing else is markup that an upstream's words could make.
std::string slack_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string_view headline_of(const Notice& notice) {
    switch (notice.status) {
        case Notice::Status::resolved:
            return "RESOLVED";
        case Notice::Status::firing:
        case Notice::Status::event:
            break;
    }
    constexpr std::string_view kWords[] = {"INFO", "WARNING", "CRITICAL"};
    return kWords[static_cast<std::size_t>(notice.severity)];
}

std::string_view color_of(const Notice& notice) {
    if (notice.status == Notice::Status::resolved) return "good";
    constexpr std::string_view kColors[] = {"#439fe0", "warning", "danger"};
    return kColors[static_cast<std::size_t>(notice.severity)];
}

std::string history_of(const Notice& notice) {
    std::string text;
    if (notice.escalations > 0)
        text += fmt::format("not resolved, told {} times before; ", notice.escalations);
    if (notice.repeats > 0) text += fmt::format("happened {} more times; ", notice.repeats);
    return text;
}

std::string slack_body(const Notice& notice, std::string_view host) {
    const std::string line =
        fmt::format("{}: {}", headline_of(notice), slack_text(notice.event.sentence));
    std::string body;
    observe::JsonWriter json(body);
    json.open_object();
    json.key("text").text(line);
    json.key("attachments").open_array();
    json.open_object();
    json.key("color").text(color_of(notice));
    json.key("text").text(
        fmt::format("{}{} since ", history_of(notice), observe::name_of(notice.kind)) +
        fmt::format("<!date^{}^{{date_num}} {{time_secs}}|{} s since 1970>",
                    notice.since_unix_ns / 1'000'000'000, notice.since_unix_ns / 1'000'000'000));
    json.key("footer").text(fmt::format("ringway on {}", slack_text(host)));
    json.key("ts").number(static_cast<std::uint64_t>(notice.event.told.unix_ns / 1'000'000'000));
    json.close_object();
    json.close_array();
    json.close_object();
    return body;
}

}  // namespace

std::string alert_body(const Notice& notice, config::WebhookFormat format, std::string_view host) {
    return format == config::WebhookFormat::slack ? slack_body(notice, host)
                                                  : json_body(notice, host);
}

}  // namespace ringway::control
