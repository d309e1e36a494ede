// What the simulated ring promises to the tests that stand on it: the contract of Ring, and that
// misuse is seen.
#include "sim_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <list>

namespace ringway::sim {
namespace {

using namespace std::chrono_literals;

const SocketAddress kHere = *SocketAddress::parse("10.0.0.1:80");
const SocketAddress kThere = *SocketAddress::parse("10.0.1.1:80");
const SocketAddress kClient = *SocketAddress::parse("10.0.2.1:5000");

struct Recorder {
    void on(Completion&& completion) { all.push_back(std::move(completion)); }
    std::string bytes() const {
        std::string result;
        for (const Completion& completion : all) result += completion.bytes();
        return result;
    }
    std::vector<Completion> all;
    ring::OpOf<&Recorder::on> op{*this};
};

iovec piece(const std::string& text) { return {const_cast<char*>(text.data()), text.size()}; }

class SimRingTest : public testing::Test {
 protected:
    void make(const RingOptions& ring_options = {}, const NetOptions& net_options = {},
              std::uint64_t seed = 1) {
        ring.reset();
        net = std::make_unique<SimNet>(seed, net_options);
        ring = std::make_unique<SimRing>(*net, ring_options);
    }
    void turn(Duration bound = 1s) {
        ring->wait(ring->now() + bound);
        ring->dispatch();
    }
    /// Turns until `done` or for ten simulated seconds.
    template <class Done>
    bool turn_until(Done&& done) {
        const Instant until = ring->now() + 10s;
        while (!done() && ring->now() < until) turn(100ms);
        return done();
    }
    /// A connected socket of the ring; `far` is its other side.
    Descriptor dial() {
        net->listen(kThere, [this](End& end) {
            far = &end;
            return true;
        });
        const Descriptor socket = *ring->open_socket(AF_INET);
        ring->connect(recorder().op, socket, kThere);
        EXPECT_TRUE(turn_until([&] { return recorders.back().all.size() == 1; }));
        EXPECT_EQ(recorders.back().all[0].error, Error::none);
        return socket;
    }
    Recorder& recorder() { return recorders.emplace_back(); }
    bool misused(std::string_view what) const {
        return std::any_of(ring->misuses().begin(), ring->misuses().end(),
                           [&](const std::string& text) { return text.find(what) != text.npos; });
    }
    void TearDown() override {
        for (Recorder& each : recorders) {
            if (each.op.submitted()) ring->cancel(each.op);
        }
        if (ring) turn(1ms);
        if (ring)
            turn_until([&] {
                return std::none_of(recorders.begin(), recorders.end(),
                                    [](const Recorder& each) { return each.op.submitted(); });
            });
        recorders.clear();
    }

    std::unique_ptr<SimNet> net;
    std::unique_ptr<SimRing> ring;
    std::list<Recorder> recorders;
    End* far = nullptr;
};

TEST_F(SimRingTest, CarriesBytesBothWaysAndTheEnd) {
    make();
    const Descriptor socket = dial();
    Recorder& received = recorder();
    ring->receive(received.op, socket, 1 << 20);
    Recorder& sent = recorder();
    const std::string hello = "hello ", world = "world";
    const iovec pieces[] = {piece(hello), piece(world)};
    ring->send(sent.op, socket, pieces);
    far->write("answer");
    far->shutdown();
    ASSERT_TRUE(turn_until([&] { return !received.op.submitted() && !sent.op.submitted(); }));
    EXPECT_EQ(sent.all.at(0).result, 11);
    EXPECT_EQ(received.bytes(), "answer");
    EXPECT_FALSE(received.all.back().buffer);
    EXPECT_FALSE(received.all.back().more);
    turn(1ms);
    EXPECT_EQ(far->read_all(), "hello world");
    ring->close(socket, false);
    recorders.clear();
    EXPECT_TRUE(ring->misuses().empty());
    EXPECT_TRUE(ring->leaks().empty());
}

TEST_F(SimRingTest, AcceptsInOrderUntilCanceled) {
    make();
    const Descriptor listener = *ring->open_listener(kHere, {});
    EXPECT_EQ(ring->open_listener(kHere, {}).error(), Error::address_in_use);
    Recorder& accepted = recorder();
    ring->accept(accepted.op, listener);
    for (int i = 0; i < 3; ++i) net->connect(kClient, kHere, [](auto end) { EXPECT_TRUE(end); });
    ASSERT_TRUE(turn_until([&] { return accepted.all.size() == 3; }));
    for (const Completion& completion : accepted.all) {
        EXPECT_TRUE(completion.more);
        EXPECT_EQ(ring->peer_of(completion.result), kClient);
        EXPECT_EQ(ring->local_of(completion.result), kHere);
        ring->close(completion.result, false);
    }
    ring->cancel(accepted.op);
    ASSERT_TRUE(turn_until([&] { return !accepted.op.submitted(); }));
    EXPECT_EQ(accepted.all.back().error, Error::canceled);
    ring->close(listener, false);
    bool refused = false;
    net->connect(kClient, kHere, [&](auto end) { refused = end.error() == Error::refused; });
    turn(1s);
    EXPECT_TRUE(refused);
}

TEST_F(SimRingTest, ConnectFailsAsTheNetworkSays) {
    make();
    net->set_answering(kThere, Answering::unreachable);
    Recorder& unreachable = recorder();
    const Descriptor first = *ring->open_socket(AF_INET);
    ring->connect(unreachable.op, first, kThere);
    Recorder& refused = recorder();
    const Descriptor second = *ring->open_socket(AF_INET);
    ring->connect(refused.op, second, kHere);
    Recorder& missing = recorder();
    const Descriptor third = *ring->open_socket(AF_UNIX);
    ring->connect(missing.op, third, *SocketAddress::parse("unix:/nobody"));
    turn(1s), turn(1s), turn(1s);
    EXPECT_EQ(unreachable.all.at(0).error, Error::unreachable);
    EXPECT_EQ(refused.all.at(0).error, Error::refused);
    EXPECT_EQ(missing.all.at(0).error, Error::not_found);
    net->set_answering(kThere, Answering::silent);
    Recorder& silent = recorder();
    const Descriptor fourth = *ring->open_socket(AF_INET);
    ring->connect(silent.op, fourth, kThere);
    turn(60s);
    EXPECT_TRUE(silent.op.submitted());
    ring->cancel(silent.op);
    turn(1s);
    EXPECT_EQ(silent.all.at(0).error, Error::canceled);
}

TEST_F(SimRingTest, CreditEndsAReceiveWithItsLastBytes) {
    for (const bool loose : {false, true}) {
        RingOptions options;
        options.buffer_bytes = 1024;
        options.loose_credit = loose;
        make(options);
        const Descriptor socket = dial();
        far->write(std::string(10'000, 'x'));
        turn(1ms);
        Recorder& received = recorder();
        ring->receive(received.op, socket, 2500);
        ASSERT_TRUE(turn_until([&] { return !received.op.submitted(); }));
        EXPECT_EQ(received.bytes().size(), loose ? 3072u : 2500u);
        EXPECT_TRUE(received.all.back().buffer);
        recorders.clear();
    }
}

TEST_F(SimRingTest, WaitsOutAWantOfBuffers) {
    RingOptions options;
    options.buffer_bytes = 512;
    options.buffer_count = 2;
    make(options);
    const Descriptor socket = dial();
    Recorder& received = recorder();
    ring->receive(received.op, socket, 1 << 20);
    far->write(std::string(2000, 'x'));
    turn(), turn();
    EXPECT_EQ(received.bytes().size(), 1024u);
    EXPECT_EQ(ring->starved_count(), 1u);
    EXPECT_EQ(ring->buffers().held_count(), 2u);
    received.all.clear();
    turn();
    EXPECT_EQ(received.bytes().size(), 976u);
    EXPECT_TRUE(received.op.submitted());
}

TEST_F(SimRingTest, SendWaitsForRoomAndSendNowDoesNot) {
    NetOptions narrow;
    narrow.buffer_bytes_min = narrow.buffer_bytes_max = 1000;
    make({}, narrow);
    const Descriptor socket = dial();
    const std::string text(1500, 'x');
    const iovec pieces[] = {piece(text)};
    EXPECT_EQ(ring->send_now(socket, pieces, false), 1000u);
    EXPECT_EQ(ring->send_now(socket, pieces, false).error(), Error::again);
    Recorder& sent = recorder();
    ring->send(sent.op, socket, pieces);
    turn(1s);
    EXPECT_TRUE(sent.op.submitted());
    std::string got = far->read_all();
    ASSERT_TRUE(turn_until([&] {
        got += far->read_all();
        return !sent.op.submitted();
    }));
    EXPECT_EQ(sent.all.at(0).result, 1500);
    turn(1s);
    EXPECT_EQ((got + far->read_all()).size(), 2500u);
}

TEST_F(SimRingTest, ResetReachesReceiveAndSend) {
    make();
    const Descriptor socket = dial();
    Recorder& received = recorder();
    ring->receive(received.op, socket, 1 << 20);
    far->write("last");
    turn(1ms);
    far->reset();
    ASSERT_TRUE(turn_until([&] { return !received.op.submitted(); }));
    EXPECT_EQ(received.bytes(), "last");
    EXPECT_EQ(received.all.back().error, Error::reset);
    const std::string text = "x";
    const iovec pieces[] = {piece(text)};
    EXPECT_EQ(ring->send_now(socket, pieces, false).error(), Error::reset);
}

TEST_F(SimRingTest, ClosingWithUnreadBytesResets) {
    make();
    const Descriptor socket = dial();
    far->write("unread");
    turn(1ms), turn(1ms);
    ring->close(socket, false);
    turn(1ms);
    EXPECT_TRUE(far->failed());
}

TEST_F(SimRingTest, HeldBackBytesGoWithTheNextOrAfterAWhile) {
    make();
    const Descriptor socket = dial();
    const std::string text = "abc";
    const iovec pieces[] = {piece(text)};
    ASSERT_EQ(ring->send_now(socket, pieces, true), 3u);
    turn(100ms);
    EXPECT_EQ(far->readable(), 0u);
    ASSERT_EQ(ring->send_now(socket, pieces, false), 3u);
    turn(1ms);
    EXPECT_EQ(far->readable(), 6u);
    EXPECT_EQ(net->cork_timeouts(), 0u);
    ASSERT_EQ(ring->send_now(socket, pieces, true), 3u);
    turn(201ms);
    EXPECT_EQ(far->readable(), 9u);
    EXPECT_EQ(net->cork_timeouts(), 1u);
}

TEST_F(SimRingTest, SplicesThroughAPipeOfFewSlots) {
    make();
    const Descriptor socket = dial();
    const ring::Pipe pipe = *ring->open_pipe(8192);
    ring->mark_splicing(socket, true);
    EXPECT_EQ(ring->splice_now(socket, pipe.write_end, 100, false).error(), Error::again);
    far->write("a");
    turn(1ms);
    EXPECT_EQ(ring->splice_now(socket, pipe.write_end, 100, false), 1u);
    far->write(std::string(8000, 'b'));
    turn(1ms);
    EXPECT_EQ(ring->splice_now(socket, pipe.write_end, 8000, false),
              4096u);  // the short one took a slot
    EXPECT_EQ(ring->splice_now(socket, pipe.write_end, 8000, false).error(), Error::again);
    EXPECT_EQ(ring->splice_now(pipe.read_end, socket, 8000, false), 4097u);
    turn(1ms);
    EXPECT_EQ(far->read_all(), "a" + std::string(4096, 'b'));
    far->shutdown();
    turn(1ms);
    EXPECT_EQ(ring->splice_now(socket, pipe.write_end, 8000, false), 3904u);
    EXPECT_EQ(ring->splice_now(socket, pipe.write_end, 8000, false), 0u);
}

TEST_F(SimRingTest, TimeStandsStillWithinATurnAndJumpsToTheNextTimer) {
    make();
    const Instant start = ring->now();
    Recorder& timer = recorder();
    ring->timeout(timer.op, start + 30s);
    ring->wait(base::kNever);
    const Instant fetched = ring->now();
    EXPECT_EQ(fetched, start + 30s);
    ring->dispatch();
    EXPECT_EQ(ring->now(), fetched);
    EXPECT_EQ(timer.all.at(0).error, Error::timed_out);
    ring->wait(fetched + 5s);
    EXPECT_EQ(ring->now(), fetched + 5s);
    ring->wake();
    ring->wait(base::kNever);
    EXPECT_FALSE(ring->dead());
    ring->wait(base::kNever);
    EXPECT_TRUE(ring->dead());
}

TEST_F(SimRingTest, RacingCancelsEndOnceAndLoseNoByte) {
    int with_bytes = 0, canceled = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RingOptions options;
        options.cancel_races = options.late = options.partial_io = true;
        make(options, {}, seed);
        const Descriptor socket = dial();
        std::string got;
        far->write("0123456789");
        far->shutdown();
        while (got.size() < 10) {
            Recorder& received = recorder();
            ring->receive(received.op, socket, 1 << 20);
            if (net->prng().chance(50)) turn(50us);
            ring->cancel(received.op);
            ASSERT_TRUE(turn_until([&] { return !received.op.submitted(); })) << seed;
            got += received.bytes();
            with_bytes += received.bytes().empty() ? 0 : 1;
            canceled += received.all.back().error == Error::canceled ? 1 : 0;
        }
        EXPECT_EQ(got, "0123456789") << seed;
        recorders.clear();
    }
    EXPECT_GT(with_bytes, 50);
    EXPECT_GT(canceled, 50);
}

TEST_F(SimRingTest, EveryFaultTogetherStillCarriesAStream) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const RingOptions options{.buffer_count = 4,
                                  .buffer_bytes = 512,
                                  .partial_io = true,
                                  .starve = true,
                                  .late = true,
                                  .cancel_races = true,
                                  .loose_credit = seed % 2 == 0,
                                  .accept_failures = true};
        NetOptions net_options;
        net_options.fragment = true;
        net_options.latency_max = 2ms;
        net_options.buffer_bytes_min = 200;
        net_options.buffer_bytes_max = 5000;
        make(options, net_options, seed);
        const Descriptor socket = dial();
        std::string in, out, want(20'000, '\0');
        for (std::size_t i = 0; i < want.size(); ++i) want[i] = static_cast<char>(i * 7 + i / 256);
        std::size_t written = 0, answered = 0;
        Recorder& received = recorder();
        Recorder& sent = recorder();
        ASSERT_TRUE(turn_until([&] {
            written += far->write(std::string_view(want).substr(written));
            out += far->read_all();
            in += received.bytes();
            received.all.clear();
            if (!received.op.submitted()) ring->receive(received.op, socket, 3000);
            for (const Completion& completion : sent.all) {
                answered += static_cast<std::size_t>(completion.result);
            }
            sent.all.clear();
            if (!sent.op.submitted() && answered < want.size()) {
                const iovec pieces[] = {{want.data() + answered, want.size() - answered}};
                ring->send(sent.op, socket, pieces);
            }
            return in.size() == want.size() && out.size() == want.size();
        })) << seed;
        EXPECT_EQ(in, want) << seed;
        EXPECT_EQ(out, want) << seed;
        ring->cancel(received.op);
        ASSERT_TRUE(turn_until([&] { return !received.op.submitted(); })) << seed;
        EXPECT_TRUE(ring->misuses().empty()) << ring->misuses().front();
        recorders.clear();
    }
}

TEST_F(SimRingTest, SeesMisuse) {
    make();
    const Descriptor socket = dial();
    Recorder& received = recorder();
    ring->receive(received.op, socket, 1000);
    EXPECT_TRUE(ring->misuses().empty());
    ring->receive(recorder().op, socket, 1000);
    EXPECT_TRUE(misused("receive on descriptor 3 while another is in flight"));
    std::string text = "text";
    const iovec pieces[] = {piece(text)};
    ring->send(recorder().op, socket, pieces);
    (void)ring->send_now(socket, pieces, false);
    EXPECT_TRUE(misused("send_now on descriptor 3 while another is in flight"));
    text[0] = 'T';
    turn();
    EXPECT_TRUE(misused("changed while it was in flight"));
    const ring::Pipe pipe = *ring->open_pipe(4096);
    (void)ring->splice_now(socket, pipe.write_end, 10, false);
    EXPECT_TRUE(misused("splice from a socket with a receive armed"));
    EXPECT_TRUE(misused("splice with a socket not marked for it"));
    EXPECT_EQ(ring->leaks().size(), 5u);  // socket, two pipe ends, two receives
    ring->close(socket, false);
    EXPECT_TRUE(misused("close of descriptor 3 under its receive"));
    ring->close(socket, false);
    EXPECT_TRUE(misused("close on closed descriptor 3"));
    (void)ring->send_now(99, pieces, false);
    EXPECT_TRUE(misused("send_now on unknown descriptor 99"));
}

}  // namespace
}  // namespace ringway::sim
