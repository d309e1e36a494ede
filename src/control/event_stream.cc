// Events for whoever asks once, and for whoever stays. Admin server's thread.
#include "event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "query.h"
#include "ringway/control/clock.h"
#include "ringway/observe/event_line.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

constexpr base::Duration kQuietMax = std::chrono::seconds(15);
constexpr std::size_t kEventsOfAFeed = 64;

std::vector<observe::Told> own(const EndpointSources& sources, std::vector<observe::Told> told) {
    return sources.tenure == nullptr ? told : sources.tenure->own(std::move(told));
}

/// WHATWG HTML 9.2.6: each event with its id, from which a client that comes back goes on.
class EventStream final : public AdminStream {
 public:
    EventStream(const EndpointSources& sources, std::uint64_t after)
        : sources_(sources), after_(after), spoke_at_(read_clocks().now) {}

    void feed(std::string& out, std::size_t room) override {
        const base::Instant now = read_clocks().now;
        const std::size_t before = out.size();
        while (out.size() - before < room) {
            const auto told =
                own(sources_, sources_.chronicle.events_after(after_, kEventsOfAFeed));
            for (const observe::Told& event : told) put(out, event);
            if (told.size() < kEventsOfAFeed) break;
        }
        // A line that says nothing keeps proxies and NATs in between from giving up.
        if (out.size() == before && now - spoke_at_ >= kQuietMax) out += ":\n\n";
        if (out.size() > before) spoke_at_ = now;
    }

 private:
    void put(std::string& out, const observe::Told& told) {
        out += fmt::format("id: {}\nevent: {}\ndata: ", told.id, name_of(told.event.kind));
        observe::JsonWriter json(out);
        observe::put_event(json, told);
        out += "\n\n";
        after_ = told.id;
    }

    const EndpointSources sources_;
    std::uint64_t after_;  // id of the last event that was sent
    base::Instant spoke_at_;
};

bool asks_for_a_stream(const http::RequestHead& head) {
    const http::Field* const accept = head.fields.find("accept");
    return accept != nullptr && accept->value.find("text/event-stream") != std::string_view::npos;
}

std::optional<std::uint64_t> last_event_id(const http::RequestHead& head) {
    const http::Field* const field = head.fields.find("last-event-id");
    if (field == nullptr) return std::nullopt;
    std::uint64_t id = 0;
    const char* const end = field->value.data() + field->value.size();
    const auto [at, error] = std::from_chars(field->value.data(), end, id);
    if (error != std::errc{} || at != end) return std::nullopt;
    return id;
}

/// The id behind which a stream begins: what the client has, else what it asks for, else the
/// newest. An id from the future is of another process, whose events counted from 1 as well.
std::uint64_t begin_of(std::uint64_t newest, std::optional<std::uint64_t> after,
                       std::optional<std::uint64_t> limit) {
    if (after) return *after > newest ? 0 : *after;
    return newest - std::min(newest, limit.value_or(0));
}

}  // namespace

std::uint64_t newest_event(const EndpointSources& sources) {
    if (sources.tenure == nullptr) return sources.chronicle.last_id();
    return sources.tenure->last_event(sources.chronicle);
}

AdminReply events_reply(const EndpointSources& sources, const AdminRequest& request) {
    auto after = number_in(request.query, "after");
    if (!after) return error_reply(400, "bad_query", after.error());
    const auto limit = number_in(request.query, "limit");
    if (!limit) return error_reply(400, "bad_query", limit.error());
    AdminReply reply;
    if (asks_for_a_stream(request.head)) {
        if (const auto id = last_event_id(request.head)) after = id;
        reply.content_type = "text/event-stream";
        reply.body = "retry: 1000\n\n";
        reply.stream =
            std::make_unique<EventStream>(sources, begin_of(newest_event(sources), *after, *limit));
        return reply;
    }
    const std::size_t most =
        std::min<std::uint64_t>(limit->value_or(Chronicle::kKept), Chronicle::kKept);
    observe::JsonWriter json(reply.body);
    json.open_array();
    const std::uint64_t newest = newest_event(sources);
    const std::uint64_t begin = after->value_or(newest - std::min<std::uint64_t>(newest, most));
    const auto told = own(sources, sources.chronicle.events_after(begin, most));
    for (const observe::Told& event : told) observe::put_event(json, event);
    json.close_array();
    reply.body += '\n';
    return reply;
}

}  // namespace ringway::control
