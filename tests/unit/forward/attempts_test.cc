// Where a request goes when its upstream fails, is slow, is found dead, refuses, or is one too
// many: the exchange's attempts, on a hand-driven ring with three upstreams.
#include <gtest/gtest.h>

#include <map>

#include "attempts_world.h"

namespace ringway::forward {
namespace {

TEST_F(Attempts, GoToTheNextUpstreamAfterARefusedConnection) {
    make();
    const auto from = client();
    const auto first = get(from).at(0);
    const ring::Descriptor before = ring().newest();
    ring().connected(first, ring::Error::refused);
    world_->settle();
    const auto second = opened_since(before).at(0);
    EXPECT_NE(upstream_of(first), upstream_of(second));
    connected(second);
    EXPECT_TRUE(asked(second));
    answer(second, kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, GoToAnotherUpstreamWhenAWarmConnectionHasDied) {
    make();
    const auto from = client();
    std::map<std::uint16_t, ring::Descriptor> warm;
    for (int i = 0; i < 3; ++i) {
        const auto upstream = connected(get(from).at(0));
        answer(upstream, kOk);
        warm[upstream_of(upstream)] = upstream;
    }
    ASSERT_EQ(warm.size(), 3u);
    EXPECT_TRUE(get(from).empty());
    for (const auto& [number, upstream] : warm) {
        if (world_->requests_on(upstream) != 2) continue;
        const ring::Descriptor before = ring().newest();
        cut(upstream);
        EXPECT_TRUE(opened_since(before).empty()) << "a warm one is there";
        break;
    }
    std::size_t requests = 0;
    for (const auto& [number, upstream] : warm) requests += world_->requests_on(upstream);
    EXPECT_EQ(requests, 5u);
}

TEST_F(Attempts, DialASecondUpstreamWhenAConnectIsOverdueAndUseTheFirstThatConnects) {
    make([](config::Pool& pool) {
        pool.hedge.connect_delay_min = milliseconds(20);
        pool.suspicion.probe_max = milliseconds(20);
    });
    const auto from = client();
    const auto slow = get(from).at(0);
    EXPECT_TRUE(after(milliseconds(19)).empty());
    const auto opened = after(milliseconds(2));
    ASSERT_EQ(opened.size(), 1u);
    EXPECT_NE(upstream_of(opened[0]), upstream_of(slow));
    EXPECT_TRUE(after(milliseconds(100)).empty()) << "once";
    connected(opened[0]);
    EXPECT_TRUE(asked(opened[0]));
    EXPECT_FALSE(ring().file(slow).open) << "the loser is closed, and was sent nothing";
    EXPECT_EQ(got(slow), "");
    EXPECT_EQ(counters().connect_hedges.get(), 1u);
    EXPECT_EQ(counters().connect_hedges_won.get(), 1u);
    answer(opened[0], kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, KeepTheFirstConnectWhenItIsFasterThanItsHedge) {
    make([](config::Pool& pool) { pool.suspicion.probe_max = milliseconds(20); });
    const auto from = client();
    const auto slow = post(from).at(0);
    const auto second = after(milliseconds(30)).at(0);
    connected(slow);
    EXPECT_TRUE(asked(slow));
    EXPECT_FALSE(ring().file(second).open);
    EXPECT_EQ(counters().connect_hedges_won.get(), 0u);
    answer(slow, kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, DoNotCountTheLoserOfARaceOfConnectsAsAsked) {
    make([](config::Pool& pool) {
        pool.suspicion.probe_max = milliseconds(20);
        pool.retry.attempts_max = 2;
        pool.upstreams.pop_back();
    });
    const auto from = client();
    const auto slow = get(from).at(0);
    const auto loser = after(milliseconds(30)).at(0);
    connected(slow);
    const ring::Descriptor before = ring().newest();
    answer(slow, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    const auto again = opened_since(before);
    ASSERT_EQ(again.size(), 1u) << got(from);
    EXPECT_EQ(upstream_of(again[0]), upstream_of(loser));
    answer(connected(again[0]), kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

class Hedges : public Attempts {
 protected:
    /// 200 requests that took 10 ms each; hedging after the median.
    void make_with_history() {
        make([](config::Pool& pool) {
            pool.hedge.quantile = 0.5;
            pool.hedge.percent_max = 100;
        });
        const auto from = client();
        for (int i = 0; i < 60; ++i) {
            for (const auto opened : get(from)) connected(opened);
            ring().advance(milliseconds(10));
            world_->settle();
            for (ring::Descriptor d = 0; d <= ring().newest(); ++d) reply_if_asked(d);
        }
        ASSERT_EQ(counters().hedges.get(), 0u);
        quiet_ = from;
    }
    void reply_if_asked(ring::Descriptor socket) {
        if (replied_.contains(socket) && replied_[socket] == world_->requests_on(socket)) return;
        if (!is_upstream(socket) || world_->requests_on(socket) == 0) return;
        replied_[socket] = world_->requests_on(socket);
        answer(socket, kOk);
    }
    bool is_upstream(ring::Descriptor socket) {
        try {
            return ring().file(socket).peer.text().starts_with("10.0.0.");
        } catch (const std::out_of_range&) {
            return false;
        }
    }
    /// The upstream sockets with a request that was not answered.
    std::vector<ring::Descriptor> busy() {
        std::vector<ring::Descriptor> sockets;
        for (ring::Descriptor d = 0; d <= ring().newest(); ++d) {
            if (is_upstream(d) && ring().file(d).open && world_->requests_on(d) > replied_[d])
                sockets.push_back(d);
        }
        return sockets;
    }
    ring::Descriptor quiet_ = ring::kNoDescriptor;
    std::map<ring::Descriptor, std::size_t> replied_;
};

TEST_F(Hedges, AskASecondUpstreamAfterTheQuantileAndUseTheFirstAnswer) {
    make_with_history();
    get(quiet_);
    ASSERT_EQ(busy().size(), 1u);
    const auto first = busy()[0];
    after(milliseconds(15));
    ASSERT_EQ(busy().size(), 2u);
    EXPECT_EQ(counters().hedges.get(), 1u);
    const auto second = busy()[0] == first ? busy()[1] : busy()[0];
    EXPECT_NE(upstream_of(first), upstream_of(second));
    const std::size_t answers_before = count(got(quiet_), "HTTP/1.1 200");
    answer(second, kOk);
    EXPECT_EQ(count(got(quiet_), "HTTP/1.1 200"), answers_before + 1);
    EXPECT_FALSE(ring().file(first).open) << "cancelled";
    EXPECT_EQ(counters().hedges_won.get(), 1u);
}

TEST_F(Hedges, LeaveTheFirstAloneWhenItAnswersFirst) {
    make_with_history();
    get(quiet_);
    const auto first = busy()[0];
    after(milliseconds(15));
    const auto second = busy()[0] == first ? busy()[1] : busy()[0];
    answer(first, kOk);
    EXPECT_FALSE(ring().file(second).open);
    EXPECT_EQ(counters().hedges_won.get(), 0u);
}

TEST_F(Hedges, GoOnWithOneWhenTheOtherFailsOrAnswers503) {
    for (const bool fails : {true, false}) {
        replied_.clear();
        make_with_history();
        get(quiet_);
        const auto first = busy()[0];
        after(milliseconds(15));
        const auto second = busy()[0] == first ? busy()[1] : busy()[0];
        const std::size_t answers_before = count(got(quiet_), "HTTP/1.1 ");
        if (fails) {
            cut(first);
        } else {
            answer(first, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        }
        EXPECT_EQ(count(got(quiet_), "HTTP/1.1 "), answers_before);
        answer(second, kOk);
        EXPECT_EQ(count(got(quiet_), "HTTP/1.1 200"), answers_before + 1);
    }
}

TEST_F(Hedges, NeverRepeatAPost) {
    make_with_history();
    post(quiet_);
    after(milliseconds(500));
    EXPECT_EQ(counters().hedges.get(), 0u);
    for (const auto socket : busy()) answer(socket, kOk);
}

TEST_F(Attempts, MoveOnWhenTheUpstreamIsFoundDead) {
    make();
    const auto from = client();
    const auto first = connected(get(from).at(0));
    const ring::Descriptor before = ring().newest();
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_missed);
    const auto opened = opened_since(before);
    ASSERT_EQ(opened.size(), 1u);
    EXPECT_FALSE(ring().file(first).open);
    EXPECT_EQ(counters().moved.get(), 1u);
    connected(opened[0]);
    answer(opened[0], kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, MoveWhoConnectsWhateverItAsks) {
    make();
    const auto from = client();
    const auto first = post(from).at(0);
    const ring::Descriptor before = ring().newest();
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_refused);
    EXPECT_EQ(opened_since(before).size(), 1u);
}

TEST_F(Attempts, LeaveAPostWhereItWasSent) {
    make();
    const auto from = client();
    const auto first = connected(post(from).at(0));
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_missed);
    EXPECT_TRUE(ring().file(first).open);
    answer(first, kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, LeaveARequestWhereItIsWhenAFailedCheckIsAllThatIsKnown) {
    make();
    const auto first = connected(get(client()).at(0));
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::check_failed);
    EXPECT_TRUE(ring().file(first).open);
}

TEST_F(Attempts, LeaveARequestWhereItIsWhenNobodyElseIsLeft) {
    make();
    const auto first = connected(get(client()).at(0));
    for (std::uint16_t i = 0; i < 3; ++i) {
        if (i != upstream_of(first)) set_state(i, UpstreamState::unhealthy, Reason::check_failed);
    }
    set_state(upstream_of(first), UpstreamState::unhealthy, Reason::probe_refused);
    EXPECT_TRUE(ring().file(first).open);
}

TEST_F(Attempts, WaitInTheQueueWhenAllAreOutAndGoTheMomentThatOneIsBack) {
    make();
    all_out();
    const auto one = client();
    const auto two = client();
    EXPECT_TRUE(get(one).empty());
    EXPECT_TRUE(post(two).empty());
    EXPECT_EQ(counters().queue_length.get(), 2u);
    const ring::Descriptor before = ring().newest();
    set_state(1, UpstreamState::healthy, Reason::check_passed);
    const auto opened = opened_since(before);
    ASSERT_EQ(opened.size(), 2u);
    EXPECT_EQ(counters().queue_length.get(), 0u);
    for (const auto upstream : opened) {
        EXPECT_EQ(upstream_of(upstream), 1);
        answer(connected(upstream), kOk);
    }
    EXPECT_TRUE(got(one).starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(got(two).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, LeaveTheQueueInTheOrderInWhichTheyCame) {
    make([](config::Pool& pool) {
        for (config::Upstream& upstream : pool.upstreams) upstream.in_flight_max = 1;
    });
    std::vector<ring::Descriptor> first;
    for (int i = 0; i < 3; ++i) first.push_back(connected(get(client()).at(0)));
    const auto waits_first = client();
    const auto waits_second = client();
    EXPECT_TRUE(get(waits_first).empty());
    EXPECT_TRUE(get(waits_second).empty());
    answer(first[0], kOk);  // room for one
    EXPECT_EQ(counters().queue_length.get(), 1u);
    answer(first[0], kOk);
    EXPECT_TRUE(got(waits_first).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(got(waits_second), "");
    answer(first[0], kOk);
    EXPECT_TRUE(got(waits_second).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, AreRefusedWith503WhenTheQueuesTimeIsOverOrItIsFull) {
    make([](config::Pool& pool) {
        pool.queue.length_max = 1;
        pool.queue.wait_max = milliseconds(300);
    });
    all_out();
    const auto waits = client();
    const auto full = client();
    get(waits);
    get(full);
    EXPECT_TRUE(got(full).starts_with("HTTP/1.1 503"));
    EXPECT_NE(got(full).find("Retry-After: "), std::string::npos);
    EXPECT_EQ(counters().queue_full.get(), 1u);
    after(milliseconds(299));
    EXPECT_EQ(got(waits), "");
    after(milliseconds(2));
    EXPECT_TRUE(got(waits).starts_with("HTTP/1.1 503"));
    EXPECT_EQ(counters().queue_timeouts.get(), 1u);
}

TEST_F(Attempts, LeaveTheQueueWithTheirClient) {
    make();
    all_out();
    const auto gone = client();
    get(gone);
    ring().end(gone, ring::Error::reset);
    world_->settle();
    EXPECT_EQ(counters().queue_length.get(), 0u);
}

TEST_F(Attempts, BackOffBeforeTheSameUpstreamIsAskedAgain) {
    make([](config::Pool& pool) {
        pool.upstreams.resize(1);
        pool.breaker.enabled = pool.outlier.enabled = false;
    });
    const auto from = client();
    const auto first = get(from).at(0);
    ring().connected(first, ring::Error::refused);
    world_->settle();
    EXPECT_EQ(ring().newest(), first);
    EXPECT_TRUE(after(milliseconds(24)).empty());
    EXPECT_EQ(after(milliseconds(227)).size(), 1u);
}

TEST_F(Attempts, GoOnFrom429AndLeaveThatUpstreamAlone) {
    make();
    const auto from = client();
    const auto first = connected(post(from).at(0));
    const ring::Descriptor before = ring().newest();
    answer(first, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    const auto second = opened_since(before).at(0);
    EXPECT_FALSE(seen(upstream_of(first)).eligible);
    EXPECT_EQ(seen(upstream_of(first)).cooling_until, ring().now() + seconds(7));
    connected(second);
    EXPECT_NE(got(second).find("\r\n\r\nbody"), std::string::npos);
    answer(second, kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
    for (int i = 0; i < 8; ++i) {
        const auto next = get(from);
        for (const auto upstream : next) connected(upstream);
        for (const auto upstream : opened_since(before)) {
            EXPECT_NE(upstream_of(upstream), upstream_of(first));
        }
        for (ring::Descriptor d = before + 1; d <= ring().newest(); ++d) {
            if (ring().file(d).open && asked(d) && ring().file(d).receive != nullptr) {
                ring().file(d).sent.clear();
                answer(d, kOk);
            }
        }
    }
    after(seconds(7));
    EXPECT_TRUE(seen(upstream_of(first)).eligible);
}

TEST_F(Attempts, Answer429WithTheSoonestRetryAfterWhenAllCool) {
    make();
    for (std::uint16_t i = 0; i < 3; ++i) {
        publish([&](const cluster::View& view) {
            return failover::cool_down(view, {{0}, {i}}, ring().now() + seconds(9 - 2 * i),
                                       ring().now());
        });
    }
    const auto from = client();
    EXPECT_TRUE(get(from).empty());
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 429")) << got(from);
    EXPECT_NE(got(from).find("Retry-After: 5\r\n"), std::string::npos) << got(from);
    EXPECT_EQ(counters().all_rate_limited.get(), 1u);
}

TEST_F(Attempts, PassA429OnWhenNobodyElseIsLeft) {
    make([](config::Pool& pool) { pool.upstreams.resize(1); });
    const auto from = client();
    answer(connected(get(from).at(0)), "HTTP/1.1 429 Slow\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 429"));
    EXPECT_TRUE(got(from).ends_with("\r\n\r\nno"));
}

TEST_F(Attempts, GoOnFromARefusedCredentialOfOursAndSayThatItIsRefused) {
    make([](config::Pool& pool) {
        for (config::Upstream& upstream : pool.upstreams)
            upstream.request_headers = {
                {config::HeaderEdit::Kind::set, "Authorization", "Bearer " + upstream.name}};
    });
    const auto from = client();
    const auto first = connected(post(from).at(0));
    const ring::Descriptor before = ring().newest();
    answer(first, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    const auto second = opened_since(before).at(0);
    EXPECT_TRUE(seen(upstream_of(first)).credentials_fault);
    EXPECT_EQ(seen(upstream_of(first)).state, UpstreamState::healthy) << "no outage";
    answer(connected(second), kOk);
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 200"));
}

TEST_F(Attempts, PassA403OnWhereNoHeaderOfOursIsACredential) {
    make([](config::Pool& pool) {
        for (config::Upstream& upstream : pool.upstreams)
            upstream.request_headers = {{config::HeaderEdit::Kind::set, "X-Site", "one"}};
    });
    const auto from = client();
    const auto first = connected(get(from).at(0));
    answer(first, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 403"));
    EXPECT_FALSE(seen(upstream_of(first)).credentials_fault);
}

TEST_F(Attempts, PassARefusedCredentialOfTheClientOn) {
    make();
    const auto from = client();
    const auto first = connected(get(from).at(0));
    answer(first, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 401"));
    EXPECT_FALSE(seen(upstream_of(first)).credentials_fault);
}

TEST_F(Attempts, NeverRepeatAPostThatMayHaveBeenActedOn) {
    make();
    const auto from = client();
    const auto first = connected(post(from).at(0));
    const ring::Descriptor before = ring().newest();
    answer(first, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(opened_since(before).empty());
    EXPECT_TRUE(got(from).starts_with("HTTP/1.1 503"));
}

TEST_F(Attempts, TakeATrialOfAHalfOpenBreakerAndCloseItBySuccesses) {
    make([](config::Pool& pool) {
        pool.upstreams.resize(1);
        pool.outlier.enabled = false;
        pool.retry.attempts_max = 1;
        pool.retry.statuses.clear();
    });
    const auto from = client();
    for (int i = 0; i < 5; ++i) {
        const auto opened = get(from);
        for (const auto upstream : opened) connected(upstream);
        for (ring::Descriptor d = from + 1; d <= ring().newest(); ++d) {
            if (ring().file(d).open && ring().file(d).receive != nullptr)
                answer(d, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        }
    }
    EXPECT_EQ(seen(0).breaker.phase, cluster::BreakerPhase::open);
    after(seconds(11));
    EXPECT_EQ(seen(0).breaker.phase, cluster::BreakerPhase::half_open);
    for (int i = 0; i < 3; ++i) {
        const auto other = client();
        const auto opened = get(other);
        for (const auto upstream : opened) connected(upstream);
        for (ring::Descriptor d = from + 1; d <= ring().newest(); ++d) {
            if (ring().file(d).peer.text() == "10.0.0.1:80" && ring().file(d).open &&
                ring().file(d).receive != nullptr)
                answer(d, kOk);
        }
        EXPECT_TRUE(got(other).starts_with("HTTP/1.1 200"));
    }
    EXPECT_EQ(seen(0).breaker.phase, cluster::BreakerPhase::closed);
}

TEST_F(Attempts, OpenConnectionsAheadAsThePoolAsksFor) {
    make([](config::Pool& pool) { pool.idle_connections_min = 2; });
    std::map<std::uint16_t, int> opened;
    for (const auto socket : opened_since(ring::kNoDescriptor)) {
        if (!ring().file(socket).open) continue;
        ++opened[upstream_of(socket)];
        connected(socket);
    }
    EXPECT_EQ(opened, (std::map<std::uint16_t, int>{{0, 2}, {1, 2}, {2, 2}}));
    const auto from = client();
    EXPECT_EQ(get(from).size(), 1u) << "a warm one was taken, and one more is opened";
    EXPECT_EQ(world_->counters->upstreams[0][0].connects_reused.get() +
                  world_->counters->upstreams[0][1].connects_reused.get() +
                  world_->counters->upstreams[0][2].connects_reused.get(),
              1u);
}

}  // namespace
}  // namespace ringway::forward
