// The admin server's second thread.
#include "admin_worker.h"

#include <utility>

#include "admin_machine.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

AdminReply carry_out(const AdminJob& job, http::RequestHead& head) {
    std::uint32_t scanned = 0;
    // It was parsed before, from the same bytes.
    http::parse_request_head(job.head, kAdminHeadLimits, scanned, head);
    return job.endpoint->handler({head.method, head.path, head.query, head, job.body});
}

}  // namespace

void AdminWorker::start(std::function<void()> on_done) {
    on_done_ = std::move(on_done);
    thread_ = std::thread([this] { run(); });
}

bool AdminWorker::submit(AdminJob job) {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= kJobsMax) return false;
    jobs_.push_back(std::move(job));
    wake_.notify_one();
    return true;
}

std::vector<AdminDone> AdminWorker::take_done() {
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
}

void AdminWorker::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
    jobs_.clear();
    done_.clear();
    stopping_ = false;
}

void AdminWorker::run() {
    set_up_thread("rw-admin-work");
    const auto head = std::make_unique<http::RequestHead>();
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return;
        const AdminJob job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        AdminReply reply = carry_out(job, *head);
        lock.lock();
        done_.push_back({job.connection, job.what, std::move(reply)});
        on_done_();
    }
}

}  // namespace ringway::control
