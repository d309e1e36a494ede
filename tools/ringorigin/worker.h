// One thread of the origin: a ring, its listeners and connections. Everything here belongs to that
// thread, except the start and request_stop().
#pragma once

#include <atomic>
#include <deque>
#include <expected>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "answer.h"
#include "connection.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/slab.h"
#include "ringway/base/socket_address.h"
#include "ringway/http/head.h"
#include "ringway/ring/kernel_ring.h"

namespace ringorigin {

struct WorkerSettings {
    std::vector<ringway::base::SocketAddress> listen;
    int cpu = -1;  // -1: not pinned
    Answer standard;
    std::string name;
    ringway::ring::KernelFeatures features;
};

class Worker {
 public:
    Worker(WorkerSettings settings, Override& everywhere);
    ~Worker();

    /// Starts the thread and returns once it listens: the addresses with the ports that the kernel
    /// chose, or a sentence.
    std::expected<std::vector<ringway::base::SocketAddress>, std::string> start();
    /// Cuts all connections and ends the thread; the destructor joins it. Any thread, once after a
    /// good start().
    void request_stop();

    // For Connection.
    ringway::ring::Ring& ring() { return *ring_; }
    AnswerBook& book() { return book_; }
    ringway::http::RequestHead& head() { return head_; }
    /// The wall clock as a Date value (RFC 9110 5.6.7).
    std::string_view date();
    void retire(Connection& connection);

 private:
    struct Listener {
        explicit Listener(Worker& owner) : worker(owner) {}
        void on_accept(ringway::ring::Completion&& completion);
        Worker& worker;
        ringway::ring::Descriptor descriptor = ringway::ring::kNoDescriptor;
        std::string unix_path;
        ringway::ring::OpOf<&Listener::on_accept> op{*this};
    };
    using Started = std::expected<std::vector<ringway::base::SocketAddress>, std::string>;

    void run(std::atomic<bool>& done, Started& started);
    Started open();
    std::expected<ringway::base::SocketAddress, std::string> open_one(
        const ringway::base::SocketAddress& at);
    void turns();
    void close_all();

    static constexpr std::size_t kConnectionsMax = 65536;

    WorkerSettings settings_;
    AnswerBook book_;
    std::unique_ptr<ringway::ring::KernelRing> ring_;
    std::deque<Listener> listeners_;
    ringway::base::Slab<Connection> slots_{kConnectionsMax};
    ringway::base::IntrusiveList<Connection, Connection> open_connections_;
    std::vector<Connection*> retired_;
    // of the request being read: too large for each connection to have one
    ringway::http::RequestHead head_;
    std::string date_;
    std::int64_t date_second_ = -1;
    std::int64_t unix_offset_ns_ = 0;
    std::atomic<bool> stop_{false};
    std::binary_semaphore stop_told_{0};  // the ring must outlive the wake() of request_stop()
    std::thread thread_;
};

}  // namespace ringorigin
