#include "ringway/observe/event_line.h"

#include <gtest/gtest.h>

#include <set>

namespace ringway::observe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

config::Config sample_config() {
    config::Config config;
    config.shards.resize(2);
    config.pools.resize(2);
    config.pools[1].name = "api";
    config.pools[1].upstreams.resize(2);
    config.pools[1].upstreams[1].name = "a\"b";
    return config;
}

Event sample_event() {
    Event event;
    event.version = 17;
    event.part = 1;
    event.kind = EventKind::unhealthy;
    event.reason = cluster::Reason::probe_missed;
    event.from = cluster::UpstreamState::healthy;
    event.to = cluster::UpstreamState::unhealthy;
    event.pool = 1;
    event.upstream = 1;
    event.shard = 1;
    event.took = microseconds(12'345);
    event.set_evidence("no answer\nwithin 10 ms");
    return event;
}

std::string json_of(std::uint64_t id, std::int64_t unix_ns, const Event& event) {
    Told told = told_of(event, sample_config());
    told.id = id;
    told.unix_ns = unix_ns;
    std::string out;
    JsonWriter json(out);
    put_event(json, told);
    return out;
}

TEST(EventSentence, says_who_what_why_and_how_long) {
    const config::Config config = sample_config();
    Event event = sample_event();
    EXPECT_EQ(event_sentence(told_of(event, config)),
              "pool api upstream a\"b: unhealthy (probe_missed): no answer\nwithin 10 ms, after 12 "
              "ms");
    event.kind = EventKind::recovered;
    event.reason = cluster::Reason::check_passed;
    event.took = milliseconds(8'340);
    event.evidence_size = 0;
    EXPECT_EQ(event_sentence(told_of(event, config)),
              "pool api upstream a\"b: recovered (check_passed), out for 8.3 s");
    event.took = base::Duration{-1};
    EXPECT_EQ(event_sentence(told_of(event, config)),
              "pool api upstream a\"b: recovered (check_passed)");
    event.took = microseconds(400);
    event.kind = EventKind::total_failure;
    event.reason = cluster::Reason::none;
    event.upstream = Event::kWholePool;
    EXPECT_EQ(event_sentence(told_of(event, config)), "pool api: total_failure, after 0.4 ms");
}

TEST(EventJson, a_full_event_is_this_object) {
    EXPECT_EQ(json_of(5, 1'767'323'045'678'999'999, sample_event()),
              R"({"id":5,"time":"2026-01-02T03:04:05.678Z","kind":"unhealthy",)"
              R"("severity":"critical","pool":"api","upstream":"a\"b","reason":"probe_missed",)"
              R"("from":"healthy","to":"unhealthy","took_ms":12.345,)"
              R"("evidence":"no answer\nwithin 10 ms","shard":1,"version":17})");
}

TEST(EventJson, what_does_not_apply_is_null) {
    Event event;
    event.kind = EventKind::panic;
    event.pool = 1;
    event.shard = 2;  // the number of shards: control
    event.version = 3;
    EXPECT_EQ(json_of(1, 0, event),
              R"({"id":1,"time":"1970-01-01T00:00:00.000Z","kind":"panic","severity":"critical",)"
              R"("pool":"api","upstream":null,"reason":null,"from":null,"to":null,)"
              R"("took_ms":null,"evidence":null,"shard":null,"version":3})");
}

TEST(EventKinds, have_names_of_their_own_and_a_known_severity) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
        const auto kind = static_cast<EventKind>(i);
        names.insert(name_of(kind));
        EXPECT_TRUE(
            (std::set<std::string>{"info", "warning", "critical"}.contains(severity_of(kind))));
    }
    EXPECT_EQ(names.size(), kEventKinds);
}

TEST(Event, evidence_is_cut_where_it_does_not_fit) {
    Event event;
    event.set_evidence(std::string(200, 'x'));
    EXPECT_EQ(event.evidence_text(), std::string(127, 'x'));
}

}  // namespace
}  // namespace ringway::observe
