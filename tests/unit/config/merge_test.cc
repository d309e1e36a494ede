// Which place everything has after a reload.
#include "ringway/config/merge.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ringway/config/load.h"

namespace ringway::config {
namespace {

const std::string kListener = "[[listener]]\naddress = '127.0.0.1:80'\nname = 'web'\n";

std::string pool(const std::string& name, const std::vector<std::string>& upstreams,
                 const std::string& more = "") {
    std::string text = "[[pool]]\nname = '" + name + "'\n" + more;
    for (const std::string& upstream : upstreams) {
        text += "[[pool.upstream]]\nname = '" + upstream + "'\naddress = '10.0.0.1:80'\n";
    }
    return text;
}

std::string route(const std::string& name, const std::string& to) {
    return "[[route]]\nname = '" + name + "'\npath_prefix = '/" + name + "'\npool = '" + to + "'\n";
}

Config parsed(const std::string& text) {
    auto config = parse(text, "test.toml", Machine{.cpus = {0}});
    if (!config) {
        for (const Error& error : config.error()) ADD_FAILURE() << error.text();
        return {};
    }
    return std::move(*config);
}

struct Scene {
    explicit Scene(const std::string& text)
        : config(merge(Config{}, parsed(text), vacancies).config) {}
    void reload(const std::string& text) {
        Merged merged = merge(*config, parsed(text), vacancies);
        before = std::exchange(config, merged.config);
        changed = std::move(merged.changed);
        needs_restart = std::move(merged.needs_restart);
    }
    /// "a b -c": names in their places, those of retired ones with a dash.
    template <class List>
    static std::string names(const List& list) {
        std::string text;
        for (const auto& each : list) {
            if (!text.empty()) text += ' ';
            text += (each.retired ? "-" : "") + each.name;
        }
        return text;
    }
    bool vacant = false;
    Vacancies vacancies{.listener = [this](std::uint16_t) { return vacant; },
                        .route = [this](std::uint16_t) { return vacant; },
                        .pool = [this](cluster::PoolIndex) { return vacant; },
                        .upstream = [this](cluster::Place) { return vacant; }};
    std::shared_ptr<const Config> config, before;
    std::vector<std::string> changed, needs_restart;
};

const std::string kTwo =
    kListener + pool("a", {"x", "y"}) + pool("b", {"z"}) + route("one", "a") + route("two", "b");

TEST(merge, what_is_the_same_is_shared) {
    Scene scene(kTwo);
    scene.reload(kTwo);
    EXPECT_EQ(scene.changed, std::vector<std::string>{});
    EXPECT_EQ(scene.config->generation, scene.before->generation + 1);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(scene.config->pools.is_shared_with(scene.before->pools, i));
        EXPECT_TRUE(scene.config->routes.is_shared_with(scene.before->routes, i));
    }
    EXPECT_TRUE(scene.config->listeners.is_shared_with(scene.before->listeners, 0));
}

TEST(merge, names_keep_their_places_whatever_their_order) {
    Scene scene(kTwo);
    scene.reload(kListener + pool("b", {"z"}) + pool("a", {"y", "x"}) + route("two", "b") +
                 route("one", "a"));
    EXPECT_EQ(Scene::names(scene.config->pools), "a b");
    EXPECT_EQ(Scene::names(scene.config->pools[0].upstreams), "x y");
    EXPECT_EQ(Scene::names(scene.config->routes), "one two");
    EXPECT_EQ(scene.config->route_order, (std::vector<std::uint16_t>{1, 0}));
    EXPECT_EQ(scene.config->routes[0].to_pool, cluster::PoolIndex{0});
    EXPECT_EQ(scene.config->routes[1].to_pool, cluster::PoolIndex{1});
    EXPECT_EQ(scene.changed, std::vector<std::string>{"the order of the routes"});
}

TEST(merge, what_is_gone_is_retired_and_what_is_new_comes_behind) {
    Scene scene(kTwo);
    scene.reload(kListener + pool("c", {"w"}) + pool("a", {"y", "v"}) + route("one", "a") +
                 route("three", "c"));
    EXPECT_EQ(Scene::names(scene.config->pools), "a -b c");
    EXPECT_EQ(Scene::names(scene.config->pools[0].upstreams), "-x y v");
    EXPECT_EQ(Scene::names(scene.config->routes), "one -two three");
    EXPECT_EQ(scene.config->routes[2].to_pool, cluster::PoolIndex{2});
    EXPECT_EQ(scene.config->route_order, (std::vector<std::uint16_t>{0, 2}));
    EXPECT_EQ(places_in_use(scene.config->pools), (std::vector<std::uint16_t>{0, 2}));
    // and comes back where it was
    scene.reload(kTwo);
    EXPECT_EQ(Scene::names(scene.config->pools), "a b -c");
    EXPECT_EQ(Scene::names(scene.config->pools[0].upstreams), "x y -v");
    EXPECT_EQ(scene.config->route_order, (std::vector<std::uint16_t>{0, 1}));
}

TEST(merge, vacant_places_are_taken_again_and_others_are_not) {
    Scene scene(kTwo);
    const auto other = [](int n) {
        const std::string name = "n" + std::to_string(n);
        return kListener + pool(name, {name}) + route(name, name);
    };
    for (int n = 0; n < 3; ++n) scene.reload(other(n));
    EXPECT_EQ(Scene::names(scene.config->pools), "-a -b -n0 -n1 n2");
    scene.vacant = true;
    for (int n = 3; n < 100; ++n) scene.reload(other(n));
    EXPECT_EQ(scene.config->pools.size(), 5u);
    EXPECT_EQ(scene.config->routes.size(), 5u);
    EXPECT_EQ(places_in_use(scene.config->pools).size(), 1u);
    // who takes a pool's place has its upstreams' places too, which are never fewer
    EXPECT_EQ(upstreams_in_use(*scene.config).size(), 1u);
}

TEST(merge, upstreams_that_come_and_go_take_vacant_places) {
    Scene scene(kTwo);
    scene.vacant = true;
    for (int n = 0; n < 50; ++n) {
        scene.reload(kListener + pool("a", {"x", "u" + std::to_string(n)}) + route("one", "a"));
        ASSERT_EQ(upstreams_in_use(*scene.config).size(), 2u);
    }
    EXPECT_LE(scene.config->pools[0].upstreams.size(), 4u);
    EXPECT_EQ(scene.config->pools[0].upstreams[0].name, "x");
}

TEST(merge, a_route_that_moves_in_the_file_has_not_changed) {
    Scene scene(kTwo);
    scene.reload("\n\n" + kTwo);
    EXPECT_EQ(scene.changed, std::vector<std::string>{});
}

TEST(merge, tells_what_changed_and_what_takes_a_restart) {
    Scene scene(kTwo);
    scene.reload("[process]\ngraceful_timeout = '1s'\n[shards]\ncount = 1\nbuffer_count = 64\n" +
                 kListener + pool("a", {"x", "y"}, "balance = 'round_robin'\n") + pool("d", {"z"}) +
                 route("one", "a") + route("two", "d"));
    EXPECT_EQ(scene.changed,
              (std::vector<std::string>{"pool `a` has changed", "pool `d` is new",
                                        "pool `b` is gone", "route `two` has changed"}));
    EXPECT_EQ(scene.needs_restart, (std::vector<std::string>{"[process]", "[shards]"}));
    EXPECT_EQ(scene.config->process.graceful_timeout, seconds(30));
}

TEST(merge, leaves_both_configurations_as_they_were) {
    Scene scene(kTwo);
    const Config next = parsed(kListener + pool("b", {"z"}) + route("two", "b"));
    const Merged merged = merge(*scene.config, next, scene.vacancies);
    EXPECT_EQ(next.routes[0].to_pool, cluster::PoolIndex{0});
    EXPECT_EQ(merged.config->routes[1].to_pool, cluster::PoolIndex{1});
    EXPECT_FALSE(scene.config->pools[0].retired);
    EXPECT_TRUE(merged.config->pools[0].retired);
}

}  // namespace
}  // namespace ringway::config
