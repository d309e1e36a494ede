#include "ringway/ring/kernel_ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace ringway::ring {
namespace {

using base::Instant;
using std::chrono::milliseconds;

/// Collects what an Op completes with.
class Probe {
 public:
    void on(Completion&& completion) {
        ++completions;
        error = completion.error;
        result = completion.result;
        if (completion.buffer) {
            received += completion.bytes();
            buffers_max = std::max(buffers_max, completion.bytes().size());
            if (keep) kept.push_back(std::move(completion.buffer));
        } else if (completion.error == Error::none && completion.result == 0) {
            ended = true;
        }
    }
    OpOf<&Probe::on> op{*this};
    int completions = 0;
    Error error = Error::none;
    std::int32_t result = 0;
    std::string received;
    std::size_t buffers_max = 0;
    bool ended = false;
    bool keep = false;
    std::vector<BufferRef> kept;
};

struct Pair {
    int ours = -1, theirs = -1;
    Pair() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        ours = ends[0];
        theirs = ends[1];
    }
    ~Pair() {
        if (ours >= 0) ::close(ours);
        if (theirs >= 0) ::close(theirs);
    }
    void write(const std::string& bytes) const {
        ASSERT_EQ(::write(theirs, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }
};

enum class Form { best, plain, plain_restricted };

/// Every test runs on the best form of this kernel, on the plain one, and on the plain one that may
/// do only what is in its list.
class KernelRingTest : public testing::TestWithParam<Form> {
 protected:
    std::unique_ptr<KernelRing> make(std::uint32_t buffer_count = 64,
                                     std::uint32_t buffer_bytes = 4096) {
        KernelRingSettings settings;
        settings.entries = 64;
        settings.completion_entries = 256;
        settings.buffer_count = buffer_count;
        settings.buffer_bytes = buffer_bytes;
        const auto features = probe_kernel_features();
        EXPECT_TRUE(features) << features.error();
        if (GetParam() == Form::best) settings.features = *features;
        if (GetParam() == Form::plain_restricted) {
            settings.features.restrictions = features->restrictions;
        }
        auto ring = KernelRing::make(settings);
        EXPECT_TRUE(ring) << ring.error();
        return std::move(*ring);
    }
    static void turn(KernelRing& ring, milliseconds bound = milliseconds(200)) {
        ring.wait(read_clock() + bound);
        ring.dispatch();
    }
    template <class Done>
    static bool run_until(KernelRing& ring, Done done) {
        const Instant end = read_clock() + std::chrono::seconds(5);
        while (!done()) {
            if (read_clock() > end) return false;
            turn(ring, milliseconds(50));
        }
        return true;
    }
};

std::string name_of_form(const testing::TestParamInfo<Form>& form) {
    switch (form.param) {
        case Form::best:
            return "best";
        case Form::plain:
            return "plain";
        case Form::plain_restricted:
            return "plain_restricted";
    }
    return "";
}

INSTANTIATE_TEST_SUITE_P(Forms, KernelRingTest,
                         testing::Values(Form::best, Form::plain, Form::plain_restricted),
                         name_of_form);

TEST_P(KernelRingTest, ReceivesUntilTheCreditIsUsed) {
    auto ring = make(64, 16);
    Pair pair;
    Probe probe;
    ring->receive(probe.op, pair.ours, 20);
    pair.write("hello");
    ASSERT_TRUE(run_until(*ring, [&] { return probe.received.size() == 5; }));
    EXPECT_TRUE(probe.op.submitted());
    pair.write(std::string(100, 'x'));
    ASSERT_TRUE(run_until(*ring, [&] { return !probe.op.submitted(); }));
    EXPECT_GE(probe.received.size(), 20u);
    EXPECT_LT(probe.received.size(),
              20u + 16u);  // the last buffer may pass the credit, no more than that
    ring->receive(probe.op, pair.ours, 1000);
    ASSERT_TRUE(run_until(*ring, [&] { return probe.received.size() == 105; }));
    EXPECT_EQ(probe.received, "hello" + std::string(100, 'x'));
    ::close(std::exchange(pair.theirs, -1));
    ASSERT_TRUE(run_until(*ring, [&] { return !probe.op.submitted(); }));
    EXPECT_TRUE(probe.ended);
    EXPECT_EQ(ring->buffers().held_count(), 0u);
}

TEST_P(KernelRingTest, WaitsOutAWantOfBuffers) {
    auto ring = make(2, 4096);
    Pair pair;
    Probe probe;
    probe.keep = true;
    ring->receive(probe.op, pair.ours, 1 << 20);
    pair.write(std::string(4 * 4096, 'x'));
    ASSERT_TRUE(run_until(*ring, [&] { return probe.kept.size() == 2; }));
    for (int i = 0; i < 3; ++i) turn(*ring, milliseconds(1));
    EXPECT_EQ(probe.received.size(), 2u * 4096);  // no buffer, no bytes; and the op is still armed
    EXPECT_TRUE(probe.op.submitted());
    probe.kept.clear();
    probe.keep = false;
    ASSERT_TRUE(run_until(*ring, [&] { return probe.received.size() == 4u * 4096; }));
    EXPECT_GE(ring->buffers().exhausted_count(), 1u);
    ring->cancel(probe.op);
    ASSERT_TRUE(run_until(*ring, [&] { return !probe.op.submitted(); }));
    EXPECT_EQ(probe.error, Error::canceled);
}

TEST_P(KernelRingTest, CancelsAReceiveThatWaitsForBuffers) {
    auto ring = make(1, 4096);
    Pair pair;
    Probe probe;
    probe.keep = true;
    ring->receive(probe.op, pair.ours, 1 << 20);
    pair.write(std::string(2 * 4096, 'x'));
    ASSERT_TRUE(run_until(*ring, [&] { return ring->buffers().exhausted_count() > 0; }));
    ring->cancel(probe.op);
    ASSERT_TRUE(run_until(*ring, [&] { return !probe.op.submitted(); }));
    EXPECT_EQ(probe.error, Error::canceled);
    probe.kept.clear();
}

TEST_P(KernelRingTest, AcceptsManyOnOneOp) {
    auto ring = make();
    const auto at = base::SocketAddress::parse("127.0.0.1:0");
    const auto listener = ring->open_listener(*at, SocketOptions{.reuse_port = true});
    ASSERT_TRUE(listener);
    const base::SocketAddress bound = ring->local_of(*listener);
    Probe accepting;
    ring->accept(accepting.op, *listener);
    for (int i = 1; i <= 3; ++i) {
        Probe connecting;
        const auto socket = ring->open_socket(AF_INET);
        ASSERT_TRUE(socket);
        ring->connect(connecting.op, *socket, bound);
        ASSERT_TRUE(run_until(
            *ring, [&] { return !connecting.op.submitted() && accepting.completions == i; }));
        EXPECT_EQ(connecting.error, Error::none);
        EXPECT_EQ(ring->peer_of(accepting.result).text(), ring->local_of(*socket).text());
        ring->close(*socket, false);
        ring->close(accepting.result, false);
    }
    EXPECT_TRUE(accepting.op.submitted());
    ring->cancel(accepting.op);
    ASSERT_TRUE(run_until(*ring, [&] { return !accepting.op.submitted(); }));
    ring->close(*listener, false);
}

TEST_P(KernelRingTest, RefusedConnectSaysSo) {
    auto ring = make();
    Probe probe;
    const auto socket = ring->open_socket(AF_INET);
    ring->connect(probe.op, *socket, *base::SocketAddress::parse("127.0.0.1:1"));
    ASSERT_TRUE(run_until(*ring, [&] { return !probe.op.submitted(); }));
    EXPECT_EQ(probe.error, Error::refused);
    ring->close(*socket, false);
}

TEST_P(KernelRingTest, SendWaitsForRoom) {
    auto ring = make();
    Pair pair;
    std::string bytes(1 << 20, 'a');
    iovec piece{bytes.data(), bytes.size()};
    const auto first = ring->send_now(pair.ours, {&piece, 1}, false);
    ASSERT_TRUE(first);
    ASSERT_LT(*first, bytes.size());
    Probe probe;
    std::size_t sent = *first;
    std::size_t drained = 0;
    std::vector<char> sink(1 << 16);
    fcntl(pair.theirs, F_SETFL, O_NONBLOCK);
    const auto send_rest = [&] {
        piece = {bytes.data() + sent, bytes.size() - sent};
        ring->send(probe.op, pair.ours, {&piece, 1});
    };
    send_rest();
    turn(*ring, milliseconds(1));
    EXPECT_TRUE(probe.op.submitted());  // no room yet
    ASSERT_TRUE(run_until(*ring, [&] {
        const ssize_t got = ::read(pair.theirs, sink.data(), sink.size());
        if (got > 0) drained += static_cast<std::size_t>(got);
        if (!probe.op.submitted() && sent < bytes.size()) {
            EXPECT_EQ(probe.error, Error::none);
            EXPECT_GT(probe.result, 0);
            sent += static_cast<std::size_t>(probe.result);
            if (sent < bytes.size()) send_rest();
        }
        return drained == bytes.size();
    }));
}

TEST_P(KernelRingTest, TimeoutFiresAndIsCanceled) {
    auto ring = make();
    Probe fires, canceled;
    const Instant due = read_clock() + milliseconds(20);
    ring->timeout(fires.op, due);
    ring->timeout(canceled.op, due + std::chrono::hours(1));
    ASSERT_TRUE(run_until(*ring, [&] { return !fires.op.submitted(); }));
    EXPECT_EQ(fires.error, Error::timed_out);
    EXPECT_GE(ring->now(), due);
    ring->cancel(canceled.op);
    ASSERT_TRUE(run_until(*ring, [&] { return !canceled.op.submitted(); }));
    EXPECT_EQ(canceled.error, Error::canceled);
}

TEST_P(KernelRingTest, PollTellsWhatIsReady) {
    auto ring = make();
    Pair pair;
    Probe readable, writable;
    ring->poll(readable.op, pair.ours, PollFor::readable);
    ring->poll(writable.op, pair.ours, PollFor::writable);
    ASSERT_TRUE(run_until(*ring, [&] { return !writable.op.submitted(); }));
    EXPECT_EQ(writable.error, Error::none);
    EXPECT_TRUE(readable.op.submitted());
    pair.write("x");
    ASSERT_TRUE(run_until(*ring, [&] { return !readable.op.submitted(); }));
    EXPECT_EQ(readable.error, Error::none);
}

TEST_P(KernelRingTest, CrossingWakeEndsAWait) {
    auto ring = make();
    turn(*ring, milliseconds(1));
    std::atomic<bool> called{false};
    std::thread other([&] {
        std::this_thread::sleep_for(milliseconds(30));
        called = true;
        ring->wake();
    });
    const Instant before = read_clock();
    ring->wait(before + std::chrono::seconds(20));
    EXPECT_TRUE(called);  // nothing else ended it
    ring->dispatch();
    EXPECT_LT(read_clock() - before, std::chrono::seconds(10));
    other.join();
}

TEST_P(KernelRingTest, SplicesThroughAPipe) {
    auto ring = make();
    Pair from, to;
    const auto pipe = ring->open_pipe(65536);
    ASSERT_TRUE(pipe);
    from.write("spliced");
    ring->mark_splicing(from.ours, true);
    ring->mark_splicing(to.ours, true);
    EXPECT_EQ(ring->splice_now(from.ours, pipe->write_end, 100, false).value(), 7u);
    EXPECT_EQ(ring->splice_now(from.ours, pipe->write_end, 100, false).error(), Error::again);
    EXPECT_EQ(ring->splice_now(pipe->read_end, to.ours, 7, false).value(), 7u);
    char bytes[8] = {};
    EXPECT_EQ(::read(to.theirs, bytes, 8), 7);
    EXPECT_STREQ(bytes, "spliced");
    ring->close(pipe->read_end, false);
    ring->close(pipe->write_end, false);
}

TEST(KernelFeatures, SwitchesOffByName) {
    auto features = probe_kernel_features();
    ASSERT_TRUE(features);
    for (const FeatureLine& line : feature_lines()) {
        EXPECT_TRUE(switch_off(*features, line.name));
        EXPECT_FALSE((*features).*line.member);
    }
    EXPECT_FALSE(switch_off(*features, "sqpoll"));
    const std::vector<std::string> names{"sqpoll", "msg_ring", "Msg_ring"};
    EXPECT_EQ(
        unknown_features(names),
        (std::vector<std::string>{"no feature is named `sqpoll`; `ringway -V` lists them",
                                  "no feature is named `Msg_ring`; `ringway -V` lists them"}));
}

}  // namespace
}  // namespace ringway::ring
