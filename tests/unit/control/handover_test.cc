// The pair of sockets between two processes, and what becomes of a new process that is not fit.
// The whole handover between two real processes stands in tests/e2e.
#include "ringway/control/handover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <thread>

#include "../../../src/control/handover_channel.h"
#include "ringway/control/clock.h"
#include "ringway/ring/listening_socket.h"
#include "temporary.h"

namespace ringway::control {
namespace {

using Message = HandoverChannel::Message;
using Status = HandoverChannel::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

base::Instant in(base::Duration time) { return read_clocks().now + time; }

struct Pair {
    Pair() {
        std::array<int, 2> ends{};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
        a = std::make_unique<HandoverChannel>(ends[0]);
        raw_b = ends[1];
        b = std::make_unique<HandoverChannel>(ends[1]);
    }
    std::unique_ptr<HandoverChannel> a, b;
    int raw_b;
};

TEST(handover_channel, carries_members_and_descriptors) {
    Pair pair;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    ASSERT_EQ(pair.a->send({.kind = "listeners",
                            .addresses = {"127.0.0.1:80", "unix:/a \"b\""},
                            .reason = "line\nline",
                            .event_id = 1ull << 60,
                            .descriptors = {pipe[1], pipe[1]}},
                           in(seconds(5))),
              Status::good);
    Message got;
    ASSERT_EQ(pair.b->receive(got, in(seconds(5))), Status::good);
    EXPECT_EQ(got.kind, "listeners");
    EXPECT_EQ(got.addresses, (std::vector<std::string>{"127.0.0.1:80", "unix:/a \"b\""}));
    EXPECT_EQ(got.reason, "line\nline");
    EXPECT_EQ(got.event_id, 1ull << 60);
    ASSERT_EQ(got.descriptors.size(), 2u);
    EXPECT_NE(fcntl(got.descriptors[0], F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_EQ(write(got.descriptors[1], "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(read(pipe[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
    close_all(got.descriptors);
    close_all(pipe);
}

TEST(handover_channel, carries_as_many_descriptors_as_it_says) {
    Pair pair;
    Message message{.kind = "listeners"};
    for (std::size_t i = 0; i < HandoverChannel::kDescriptorsMax; ++i) {
        message.descriptors.push_back(0);
        message.addresses.push_back("unix:" + std::string(100, 'x'));
    }
    ASSERT_EQ(pair.a->send(message, in(seconds(5))), Status::good);
    Message got;
    ASSERT_EQ(pair.b->receive(got, in(seconds(5))), Status::good);
    EXPECT_EQ(got.descriptors.size(), HandoverChannel::kDescriptorsMax);
    EXPECT_EQ(got.addresses, message.addresses);
    close_all(got.descriptors);
}

// So may a later version speak, or an earlier one.
TEST(handover_channel, passes_over_what_it_does_not_know) {
    Pair pair;
    for (const std::string text : {"", "no JSON", "[]", "{\"kind\":1}", "{\"addresses\":[]}",
                                   "{\"kind\":\"x\",\"addresses\":[1]}"}) {
        if (text.empty()) continue;
        ASSERT_EQ(send(pair.raw_b, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
    const std::string known =
        R"({"future":{"a":[1]},"kind":"go","event_id":7,"reason":5,"addresses":"none"})";
    ASSERT_EQ(send(pair.raw_b, known.data(), known.size(), 0), static_cast<ssize_t>(known.size()));
    Message got;
    ASSERT_EQ(pair.a->receive(got, in(seconds(5))), Status::good);
    EXPECT_EQ(got.kind, "go");
    EXPECT_EQ(got.event_id, 7u);
    EXPECT_EQ(got.reason, "");
}

TEST(handover_channel, tells_who_is_late_from_who_has_ended) {
    Pair pair;
    Message got;
    EXPECT_EQ(pair.a->receive(got, in(milliseconds(20))), Status::late);
    Status sent = Status::good;
    while (sent == Status::good)
        sent = pair.a->send({.kind = "state", .reason = std::string(30000, 'x')},
                            in(milliseconds(20)));
    EXPECT_EQ(sent, Status::late);
    ASSERT_EQ(pair.b->send({.kind = "failed", .reason = "why"}, in(seconds(5))), Status::good);
    pair.b.reset();  // with messages unread: the kernel says "reset" first
    EXPECT_EQ(pair.a->send({.kind = "go"}, in(seconds(5))), Status::ended);
    ASSERT_EQ(pair.a->receive(got, in(seconds(5))), Status::good);
    EXPECT_EQ(got.reason, "why");
    EXPECT_EQ(pair.a->receive(got, in(seconds(5))), Status::ended);
}

/// An upgrade to a shell script; why it failed.
std::string reason_of(const std::string& script, base::Duration timeout,
                      const Estate& estate = {}) {
    const auto outcome = hand_over({"/bin/sh", {"sh", "-c", script}}, estate, timeout,
                                   []() -> LastWords { return {.event_id = 1, .events = {}}; });
    return outcome ? "none" : outcome.error();
}

TEST(hand_over, says_how_a_new_process_ended) {
    EXPECT_EQ(reason_of("exit 3", seconds(20)),
              "the new process: it ended with status 3 before it was ready; what it said is on "
              "stderr");
    EXPECT_EQ(reason_of("kill -KILL $$", seconds(20)),
              "the new process: it ended by signal 9 before it was ready; what it said is on "
              "stderr");
}

TEST(hand_over, ends_a_new_process_that_takes_too_long) {
    const TemporaryFolder folder;
    const std::string path = folder.at("pid");
    EXPECT_EQ(reason_of("echo $$ >" + path + "; exec sleep 1000", milliseconds(1500)),
              "the new process: it was not ready after 1.5 s and was ended");
    const std::string pid = content_of(path);
    ASSERT_FALSE(pid.empty());
    EXPECT_EQ(kill(std::stoi(pid), 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST(hand_over, says_what_binary_cannot_be_started) {
    const auto outcome = hand_over({"/nowhere/ringway", {"ringway"}}, {}, seconds(5),
                                   []() -> LastWords { return {.event_id = 1, .events = {}}; });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), "cannot start /nowhere/ringway: No such file or directory");
}

// The other end is a socket whose messages a shell cannot write, but a shell can see it.
TEST(hand_over, gives_the_new_process_one_descriptor_and_its_place) {
    const TemporaryFolder folder;
    const int inheritable = dup(0);  // without close-on-exec
    reason_of("ls /proc/$$/fd >" + folder.at("fds") + "; echo $RINGWAY_HANDOVER >" +
                  folder.at("variable") + "; exit 0",
              seconds(20));
    close(inheritable);
    EXPECT_EQ(content_of(folder.at("variable")), "3\n");
    const std::string open = content_of(folder.at("fds"));
    EXPECT_NE(open.find("3\n"), std::string::npos);
    EXPECT_EQ(open.find("4\n"), std::string::npos) << open;
}

TEST(hand_over, sends_more_sockets_than_a_message_holds_and_waits_for_a_slow_reader) {
    Estate estate;
    const auto any = base::SocketAddress::from_ip("127.0.0.1", 0).value();
    const int socket = ring::open_listening_socket(any, {}).value();
    for (int i = 0; i < 2000; ++i) estate.listeners.push_back({socket, any});
    estate.state = std::string(1'000'000, 'x');
    EXPECT_EQ(reason_of("sleep 0.3; exit 4", seconds(20), estate),
              "the new process: it ended with status 4 before it was ready; what it said "
              "is on stderr");
    close(socket);
}

TEST(invocation, is_that_of_this_process) {
    const Invocation invocation = read_invocation();
    EXPECT_TRUE(invocation.binary.ends_with("unit_control")) << invocation.binary;
    EXPECT_TRUE(invocation.binary.starts_with("/"));
    ASSERT_FALSE(invocation.arguments.empty());
    EXPECT_NE(invocation.arguments[0].find("unit_control"), std::string::npos);
}

TEST(predecessor, is_none_where_the_environment_has_none) {
    EXPECT_EQ(Predecessor::find(), nullptr);
}

}  // namespace
}  // namespace ringway::control
