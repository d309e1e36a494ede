#include "ringway/control/event_image.h"

#include <simdjson.h>

#include <algorithm>

#include "image_reading.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

using observe::Event;
using observe::Told;
using simdjson::dom::object;

std::uint64_t ns_of(base::Duration duration) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(base::to_ns(duration), 0));
}

void put(observe::JsonWriter& json, const Told& told) {
    const Event& event = told.event;
    json.open_object();
    json.key("id").number(told.id);
    json.key("unix_ns").number(ns_of(base::Duration(told.unix_ns)));
    json.key("version").number(event.version);
    json.key("kind").text(name_of(event.kind));
    json.key("reason").text(name_of(event.reason));
    json.key("from").text(name_of(event.from));
    json.key("to").text(name_of(event.to));
    json.key("pool").text(told.pool);
    if (event.upstream != Event::kWholePool) json.key("upstream").text(told.upstream);
    json.key("shard").number(event.shard);
    json.key("by_control").boolean(told.by_control);
    json.key("at").number(ns_of(event.at.time_since_epoch()));
    if (event.took >= base::Duration::zero()) json.key("took").number(ns_of(event.took));
    json.key("evidence").text(event.evidence_text());
    json.close_object();
}

bool read(const object& from, Told& told) {
    Event& event = told.event;
    std::string_view pool, upstream, evidence;
    if (from["pool"].get(pool) != simdjson::SUCCESS ||
        from["id"].get(told.id) != simdjson::SUCCESS ||
        !read_name(from, "kind", observe::kEventKinds, event.kind) ||
        !read_name(from, "reason", cluster::kReasons, event.reason) ||
        !read_name(from, "from", cluster::kUpstreamStates, event.from) ||
        !read_name(from, "to", cluster::kUpstreamStates, event.to)) {
        return false;
    }
    told.inherited = true;
    told.pool = pool;
    // no place of this process's configuration, only whether it is one of an upstream
    event.upstream =
        from["upstream"].get(upstream) == simdjson::SUCCESS ? std::uint16_t{0} : Event::kWholePool;
    told.upstream = upstream;
    read_member(from, "unix_ns", told.unix_ns);
    read_member(from, "version", event.version);
    read_count(from, "shard", event.shard);
    read_member(from, "by_control", told.by_control);
    read_ns(from, "at", event.at);
    if (from["took"].error() == simdjson::SUCCESS) read_ns(from, "took", event.took);
    read_member(from, "evidence", evidence);
    event.set_evidence(evidence);
    return true;
}

}  // namespace

std::string write_events(std::span<const Told> told) {
    std::string text;
    observe::JsonWriter json(text);
    json.open_object();
    json.key("version").number(1u);
    json.key("events").open_array();
    for (const Told& one : told) put(json, one);
    json.close_array();
    json.close_object();
    return text;
}

std::vector<Told> read_events(std::string_view document) {
    std::vector<Told> events;
    simdjson::dom::parser parser;
    simdjson::dom::array array;
    if (parser.parse(simdjson::padded_string(document))["events"].get(array) != simdjson::SUCCESS)
        return events;
    for (const simdjson::dom::element element : array) {
        object from;
        Told told;
        if (element.get(from) == simdjson::SUCCESS && read(from, told))
            events.push_back(std::move(told));
    }
    std::ranges::sort(events, {}, &Told::id);
    return events;
}

}  // namespace ringway::control
