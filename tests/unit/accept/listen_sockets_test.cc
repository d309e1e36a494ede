// Real sockets on loopback: who gets which, what is inherited, and that a connection in a queue
// outlives the one who opened the socket.
#include "ringway/accept/listen_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "ringway/ring/listening_socket.h"

namespace ringway::accept {
namespace {

using base::SocketAddress;
using ring::Descriptor;

SocketAddress loopback(std::uint16_t port = 0) {
    return SocketAddress::from_ip("127.0.0.1", port).value();
}

config::Listener listener_at(const SocketAddress& address) {
    config::Listener listener;
    listener.name = "l";
    listener.address = address;
    return listener;
}

Descriptor open_at(const SocketAddress& at, bool reuse_port = true) {
    ring::SocketOptions options;
    options.reuse_port = reuse_port;
    const auto socket = ring::open_listening_socket(at, options);
    EXPECT_TRUE(socket);
    return socket.value_or(-1);
}

/// Connects without waiting for anybody to accept; closed at the end.
class Caller {
 public:
    explicit Caller(const SocketAddress& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        connected_ = ::connect(socket_, to.raw(), to.raw_size()) == 0;
    }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller() { ::close(socket_); }
    bool connected() const { return connected_; }

 private:
    int socket_;
    bool connected_;
};

ino_t inode_of(Descriptor socket) {
    struct stat status{};
    EXPECT_EQ(fstat(socket, &status), 0);
    return status.st_ino;
}

/// The open sockets of each shard, known by their inodes.
std::vector<std::vector<ino_t>> parts_of(const ListenSockets& sockets, std::size_t shards,
                                         std::uint16_t listener = 0) {
    std::vector<std::vector<ino_t>> parts(shards);
    for (std::size_t i = 0; i < shards; ++i) {
        const std::vector<Descriptor> handed = sockets.hand_out(listener, i).value();
        for (const Descriptor socket : handed) {
            parts[i].push_back(inode_of(socket));
            ring::close_descriptor(socket);
        }
    }
    return parts;
}

/// A listener of this many shards that some process has opened; its port, its sockets.
struct Old {
    explicit Old(std::size_t shards, bool reuse_port = true) {
        address = loopback();
        for (std::size_t i = 0; i < shards; ++i) {
            sockets.push_back({open_at(address, reuse_port), {}});
            address = ring::bound_address(sockets[0].descriptor);
        }
        for (InheritedSocket& socket : sockets) {
            socket.address = address;
            inodes.insert(inode_of(socket.descriptor));
        }
    }
    SocketAddress address;
    std::vector<InheritedSocket> sockets;
    std::set<ino_t> inodes;
};

TEST(ListenSockets, OpensOneForEachShardOnTheSamePort) {
    const SocketAddress at = Old(1).address;
    ListenSockets sockets;
    // Held by Old: it shares its port.
    ASSERT_TRUE(sockets.open(0, listener_at(at), 3));
    const auto parts = parts_of(sockets, 3);
    std::set<ino_t> all;
    for (const auto& part : parts) {
        ASSERT_EQ(part.size(), 1u);
        all.insert(part[0]);
    }
    EXPECT_EQ(all.size(), 3u);
    EXPECT_EQ(sockets.held().size(), 3u);
}

TEST(ListenSockets, GivesAUnixSocketToTheFirstShardAlone) {
    const std::string name = "unix:@ringway-listen-" + std::to_string(getpid());
    ListenSockets sockets;
    ASSERT_TRUE(sockets.open(0, listener_at(*SocketAddress::parse(name)), 2));
    EXPECT_EQ(parts_of(sockets, 2)[0].size(), 1u);
    EXPECT_EQ(parts_of(sockets, 2)[1].size(), 0u);
}

TEST(ListenSockets, SaysWhyAListenerCannotBeOpened) {
    Old taken(1, false);
    ListenSockets sockets;
    const std::string start = "listener `l`: cannot listen on " + taken.address.text() + ": ";
    const config::Listener listener = listener_at(taken.address);
    EXPECT_EQ(
        sockets.open(0, listener, 2).error(),
        start + ring::name_of(ring::Error::address_in_use) + "; another program listens there");
    EXPECT_EQ(listen_error(listener, ring::Error::no_permission),
              start + ring::name_of(ring::Error::no_permission) +
                  "; ports below 1024 need root or CAP_NET_BIND_SERVICE");
    EXPECT_EQ(listen_error(listener, ring::Error::other),
              start + ring::name_of(ring::Error::other));
    EXPECT_TRUE(sockets.held().empty());
    for (const InheritedSocket& socket : taken.sockets) ring::close_descriptor(socket.descriptor);
    EXPECT_TRUE(sockets.open(0, listener, 2));
}

TEST(ListenSockets, TakesInheritedSocketsOverOneForOne) {
    Old old(3);
    ListenSockets sockets(old.sockets);
    ASSERT_TRUE(sockets.open(0, listener_at(old.address), 3));
    std::set<ino_t> all;
    for (const auto& part : parts_of(sockets, 3)) all.insert(part.begin(), part.end());
    EXPECT_EQ(all, old.inodes);
    EXPECT_TRUE(sockets.close_unclaimed().empty());
}

TEST(ListenSockets, GivesFewerShardsSeveralInheritedSockets) {
    Old old(5);
    ListenSockets sockets(old.sockets);
    ASSERT_TRUE(sockets.open(0, listener_at(old.address), 2));
    const auto parts = parts_of(sockets, 2);
    EXPECT_EQ(parts[0].size() + parts[1].size(), 5u);
    EXPECT_GE(parts[1].size(), 2u);
}

TEST(ListenSockets, OpensMoreForMoreShards) {
    Old old(2);
    ListenSockets sockets(old.sockets);
    ASSERT_TRUE(sockets.open(0, listener_at(old.address), 4));
    EXPECT_EQ(sockets.held().size(), 4u);
    std::set<ino_t> all;
    for (const auto& part : parts_of(sockets, 4)) all.insert(part.begin(), part.end());
    EXPECT_EQ(all.size(), 4u);
    for (const ino_t inode : old.inodes) EXPECT_TRUE(all.contains(inode));
}

// As systemd opens them unless told ReusePort=.
TEST(ListenSockets, SharesASocketThatOthersMayNotBindBeside) {
    Old old(1, false);
    fcntl(old.sockets[0].descriptor, F_SETFL, O_NONBLOCK);
    ListenSockets sockets(old.sockets);
    ASSERT_TRUE(sockets.open(0, listener_at(old.address), 3));
    for (const auto& part : parts_of(sockets, 3))
        EXPECT_EQ(part, std::vector<ino_t>{*old.inodes.begin()});
    EXPECT_EQ(sockets.held().size(), 1u);
    // io_uring may take it for "do not wait".
    EXPECT_EQ(fcntl(sockets.held()[0].descriptor, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(fcntl(sockets.held()[0].descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(ListenSockets, ClosesWhatNoListenerClaims) {
    Old wanted(1), other(1);
    std::vector<InheritedSocket> all = wanted.sockets;
    all.push_back(other.sockets[0]);
    ListenSockets sockets(all);
    ASSERT_TRUE(sockets.open(0, listener_at(wanted.address), 1));
    EXPECT_EQ(sockets.close_unclaimed(), std::vector<SocketAddress>{other.address});
    EXPECT_FALSE(Caller(other.address).connected());
    EXPECT_TRUE(Caller(wanted.address).connected());
}

TEST(ListenSockets, LeavesAloneWhatIsNoListeningSocket) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(socket, loopback().raw(), loopback().raw_size()), 0);
    const SocketAddress at = ring::bound_address(socket);
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ListenSockets sockets({{socket, at}, {pipe[0], at}});
    EXPECT_FALSE(sockets.open(0, listener_at(at), 1));  // the port is held, without sharing
    EXPECT_EQ(sockets.close_unclaimed().size(), 2u);
    EXPECT_TRUE(sockets.open(0, listener_at(at), 1));
    ::close(pipe[1]);
}

// The measure of an upgrade: who is in a queue is accepted by whoever holds the socket later.
TEST(ListenSockets, LosesNoConnectionWhenASocketChangesHands) {
    Old old(1);
    const Caller caller(old.address);
    ASSERT_TRUE(caller.connected());
    std::vector<Descriptor> handed;
    {
        ListenSockets sockets(old.sockets);
        ASSERT_TRUE(sockets.open(0, listener_at(old.address), 1));
        handed = sockets.hand_out(0, 0).value();
    }
    ASSERT_EQ(handed.size(), 1u);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(handed[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const int accepted = ::accept(handed[0], nullptr, nullptr);
    EXPECT_GE(accepted, 0);
    ::close(accepted);
    ring::close_descriptor(handed[0]);
    EXPECT_FALSE(Caller(old.address).connected());
}

TEST(ListenSockets, AReleasedListenerGivesItsSocketsToTheNextAtItsAddress) {
    Old old(2);
    ListenSockets sockets(old.sockets);
    ASSERT_TRUE(sockets.open(0, listener_at(old.address), 2));
    const Caller waiting(old.address);
    sockets.release(0);
    ASSERT_TRUE(sockets.open(7, listener_at(old.address), 2));
    EXPECT_TRUE(sockets.close_unclaimed().empty());
    EXPECT_EQ(sockets.held().size(), 2u);
    EXPECT_EQ(parts_of(sockets, 2, 7)[1].size(), 1u);
    sockets.release(7);
    EXPECT_EQ(sockets.close_unclaimed().size(), 2u);
    EXPECT_FALSE(Caller(old.address).connected());
}

}  // namespace
}  // namespace ringway::accept
