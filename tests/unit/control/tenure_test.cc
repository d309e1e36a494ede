// What is told and changed while a process hands over to a newer one.
#include "ringway/control/tenure.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>

#include "endpoint_scene.h"

namespace ringway::control {
namespace {

TEST(tenure, changes_are_refused_from_the_handover_on_and_taken_again_when_it_fails) {
    Scene scene;
    scene.operations.drain = [] {};
    const auto post = http::Method::post;
    const auto asked = [&] {
        return std::vector{
            scene.change("/upstreams/files/b/drain").status,
            scene.change("/upstreams/files/b/weight", http::Method::put, R"({"weight":7})").status,
            scene.change("/breakers/files/b/open").status, scene.change("/drain", post).status};
    };
    scene.tenure.begin_handover(1);
    EXPECT_EQ(asked(), std::vector<std::uint16_t>(4, 409));
    EXPECT_EQ(scene.view_of(1, 1).state, cluster::UpstreamState::healthy);
    EXPECT_EQ(scene.view_of(1, 1).weight_by_hand, std::nullopt);
    EXPECT_EQ(text_of(scene.change("/upstreams/files/b/ready").body, "/error/code"),
              "\"upgrading\"");
    scene.tenure.resume();
    EXPECT_EQ(asked(), std::vector<std::uint16_t>(4, 200));
    EXPECT_EQ(scene.view_of(1, 1).state, cluster::UpstreamState::draining);
}

TEST(tenure, events_after_the_last_one_are_the_successors) {
    Scene scene;
    const auto tell = [&](cluster::UpstreamState state) {
        scene.set_state(1, 0, state, cluster::Reason::check_failed);
        scene.chronicle.start(scene.chronicle.last_id());
        scene.chronicle.stop();
    };
    const auto ids = [&](const std::string& query) {
        std::string text;
        simdjson::dom::parser parser;
        for (const auto event : parser.parse(scene.ask("/events", query).body).get_array())
            text += std::to_string(event["id"].get_uint64().value()) + " ";
        return text;
    };
    tell(cluster::UpstreamState::unhealthy);
    tell(cluster::UpstreamState::healthy);
    scene.tenure.begin_handover(scene.version());
    tell(cluster::UpstreamState::unhealthy);
    EXPECT_EQ(ids(""), "1 2 ");
    EXPECT_EQ(ids("limit=1"), "2 ");
    EXPECT_EQ(ids("after=2"), "");
    EXPECT_EQ(scene.tenure.conclude(scene.chronicle, std::chrono::milliseconds(1)), 2u);
    EXPECT_EQ(text_of(scene.ask("/status").body, "/last_event_id"), "2");
    scene.tenure.cover(scene.version());
    EXPECT_EQ(scene.tenure.conclude(scene.chronicle, std::chrono::milliseconds(1)), 3u);
    tell(cluster::UpstreamState::healthy);
    EXPECT_EQ(ids("limit=1"), "3 ");
    scene.tenure.resume();
    EXPECT_EQ(ids("limit=1"), "4 ");
    EXPECT_EQ(text_of(scene.ask("/status").body, "/last_event_id"), "4");
}

TEST(tenure, events_of_a_process_before_are_its_own_whatever_their_version) {
    Tenure tenure;
    tenure.begin_handover(3);
    std::vector<observe::Told> told(3);
    told[0].inherited = told[1].inherited = true;
    for (observe::Told& one : told) one.event.version = 1000;
    EXPECT_EQ(tenure.own(told).size(), 2u);
}

}  // namespace
}  // namespace ringway::control
