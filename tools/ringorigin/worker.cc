#include "worker.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ctime>
#include <utility>

namespace ringorigin {

namespace ring = ringway::ring;
using ringway::base::SocketAddress;

namespace {

/// Removes what an earlier process left at a unix path; a file of another kind stays, and binding
/// then says so.
void remove_stale_socket(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

}  // namespace

Worker::Worker(WorkerSettings settings, Override& everywhere)
    : settings_(std::move(settings)), book_(settings_.standard, settings_.name, everywhere) {}

Worker::~Worker() {
    if (thread_.joinable()) thread_.join();
}

Worker::Started Worker::start() {
    std::atomic<bool> done{false};
    Started started;
    thread_ = std::thread([this, &done, &started] { run(done, started); });
    done.wait(false);
    return started;
}

void Worker::request_stop() {
    stop_.store(true, std::memory_order_release);
    ring_->wake();
    stop_told_.release();
}

void Worker::run(std::atomic<bool>& done, Started& started) {
    started = open();
    const bool good = started.has_value();
    done.store(true);
    done.notify_one();
    if (good) {
        turns();
        stop_told_.acquire();
    }
    for (const Listener& listener : listeners_) {
        if (!listener.unix_path.empty()) ::unlink(listener.unix_path.c_str());
    }
    ring_.reset();
}

Worker::Started Worker::open() {
    if (settings_.cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(settings_.cpu), &set);
        if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
            return std::unexpected(fmt::format("cannot run on CPU {}", settings_.cpu));
        }
    }
    ring::KernelRingSettings settings;
    settings.buffer_count = 1024;
    settings.features = settings_.features;
    auto made = ring::KernelRing::make(settings);
    if (!made) return std::unexpected(made.error());
    ring_ = std::move(*made);
    unix_offset_ns_ = ring::read_unix_offset_ns();
    std::vector<SocketAddress> bound;
    for (const SocketAddress& at : settings_.listen) {
        auto opened = open_one(at);
        if (!opened) {
            close_all();
            return std::unexpected(opened.error());
        }
        bound.push_back(*opened);
    }
    return bound;
}

std::expected<SocketAddress, std::string> Worker::open_one(const SocketAddress& at) {
    std::string path;
    if (!at.is_ip()) path = at.text().substr(std::string_view("unix:").size());
    const bool on_disk = !path.empty() && path.front() == '/';
    if (on_disk) remove_stale_socket(path);
    ring::SocketOptions options;
    options.reuse_port = true;
    const auto listener = ring_->open_listener(at, options);
    if (!listener) {
        return std::unexpected(
            fmt::format("cannot listen on {}: {}", at.text(), ring::name_of(listener.error())));
    }
    Listener& opened = listeners_.emplace_back(*this);
    opened.descriptor = *listener;
    if (on_disk) opened.unix_path = path;
    ring_->accept(opened.op, opened.descriptor);
    return at.is_ip() ? ring_->local_of(*listener) : at;
}

void Worker::Listener::on_accept(ring::Completion&& completion) {
    if (completion.error == ring::Error::none) {
        const ring::Descriptor socket = completion.result;
        if (Connection* connection = worker.slots_.make(worker, socket)) {
            worker.open_connections_.push_back(*connection);
            connection->begin();
        } else {
            worker.ring_->close(socket, true);
        }
    }
    // out of descriptors and the like: the next connection is a new chance
    if (!completion.more && !worker.stop_.load(std::memory_order_relaxed))
        worker.ring_->accept(op, descriptor);
}

void Worker::retire(Connection& connection) {
    connection.unlink();
    retired_.push_back(&connection);
}

void Worker::turns() {
    while (!stop_.load(std::memory_order_acquire)) {
        ring_->wait(ringway::base::kNever);
        ring_->dispatch();
        // their handlers have returned
        for (Connection* connection : retired_) slots_.destroy(connection);
        retired_.clear();
    }
    close_all();
}

/// Ends listeners and connections and waits for their operations.
void Worker::close_all() {
    for (Listener& listener : listeners_) ring_->cancel(listener.op);
    open_connections_.for_each([](Connection& connection) { connection.close(false); });
    const auto pending = [this] {
        for (const Listener& listener : listeners_) {
            if (listener.op.submitted()) return true;
        }
        return !open_connections_.empty();
    };
    while (pending()) {
        ring_->wait(ringway::base::kNever);
        ring_->dispatch();
        // accepted while the cancellation was on its way
        open_connections_.for_each([](Connection& connection) { connection.close(false); });
    }
    for (Connection* connection : retired_) slots_.destroy(connection);
    retired_.clear();
    for (Listener& listener : listeners_) ring_->close(listener.descriptor, false);
}

std::string_view Worker::date() {
    const std::int64_t second =
        (ring_->now().time_since_epoch().count() + unix_offset_ns_) / 1'000'000'000;
    if (second != date_second_) {
        date_second_ = second;
        const std::time_t time = second;
        std::tm parts;
        gmtime_r(&time, &parts);
        char text[32];
        // the C locale, which this program never leaves, has the English names that the format
        // needs
        date_.assign(text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    }
    return date_;
}

}  // namespace ringorigin
