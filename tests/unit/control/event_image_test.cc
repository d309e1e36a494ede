#include "ringway/control/event_image.h"

#include <gtest/gtest.h>

#include "ringway/base/prng.h"

namespace ringway::control {
namespace {

using observe::Event;
using observe::EventKind;
using observe::Told;

/// As the admin API shows it.
std::string shown(const Told& told) {
    std::string text;
    observe::JsonWriter json(text);
    put_event(json, told);
    return text;
}

Told random_told(base::Prng& prng, std::uint64_t id) {
    Told told;
    told.id = id;
    told.unix_ns = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(prng.below(1'000'000'000));
    told.pool = "api \"1\"";
    told.by_control = prng.chance(2);
    Event& event = told.event;
    event.version = prng.below(1000);
    event.kind = static_cast<EventKind>(prng.below(observe::kEventKinds));
    event.reason = static_cast<cluster::Reason>(prng.below(cluster::kReasons));
    event.from = static_cast<cluster::UpstreamState>(prng.below(cluster::kUpstreamStates));
    event.to = static_cast<cluster::UpstreamState>(prng.below(cluster::kUpstreamStates));
    event.shard = static_cast<std::uint16_t>(prng.below(64));
    event.at = base::Instant(base::Duration(prng.below(1'000'000'000)));
    if (prng.chance(2)) event.took = base::Duration(prng.below(1'000'000'000));
    if (prng.chance(2)) event.set_evidence("no answer within 10 ms\n\"quoted\" ü");
    if (prng.chance(2)) return told;
    event.upstream = static_cast<std::uint16_t>(prng.below(256));
    told.upstream = "a\\b";
    return told;
}

TEST(event_image, events_read_as_they_were_written) {
    base::Prng prng(7);
    std::vector<Told> written;
    for (std::uint64_t id = 1; id <= 500; ++id) written.push_back(random_told(prng, id));
    const std::vector<Told> read = read_events(write_events(written));
    ASSERT_EQ(read.size(), written.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        EXPECT_EQ(shown(read[i]), shown(written[i]));
        EXPECT_EQ(read[i].event.at, written[i].event.at);
        EXPECT_EQ(read[i].unix_ns, written[i].unix_ns);
        EXPECT_TRUE(read[i].inherited);
    }
}

TEST(event_image, what_a_version_does_not_know_is_left_out) {
    const auto ids = [](const std::string& document) {
        std::vector<std::uint64_t> found;
        for (const Told& told : read_events(document)) found.push_back(told.id);
        return found;
    };
    const std::string known = R"({"id":2,"kind":"healthy","pool":"p","more":[1]})";
    EXPECT_EQ(ids(R"({"version":9,"events":[)" + known + R"(],"and":{}})"),
              std::vector<std::uint64_t>{2});
    EXPECT_EQ(ids(R"({"events":[{"id":3,"kind":"healthy","pool":"p"},)" + known + "]}"),
              (std::vector<std::uint64_t>{2, 3}));
    for (const std::string event :
         {R"({"id":1,"kind":"of tomorrow","pool":"p"})", R"({"kind":"healthy","pool":"p"})",
          R"({"id":1,"kind":"healthy"})", R"({"id":1,"kind":"healthy","pool":"p","to":"x"})", "7"})
        EXPECT_EQ(ids(R"({"events":[)" + event + "," + known + "]}"), std::vector<std::uint64_t>{2})
            << event;
    for (const std::string document : {"", "no JSON", "[]", "{}", R"({"events":1})"})
        EXPECT_TRUE(read_events(document).empty()) << document;
}

}  // namespace
}  // namespace ringway::control
