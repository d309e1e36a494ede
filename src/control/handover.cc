// The old side of a handover.
#include "ringway/control/handover.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "handover_channel.h"
#include "handover_names.h"
#include "ringway/base/assert.h"
#include "ringway/control/clock.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

using Status = HandoverChannel::Status;
using std::chrono::milliseconds;

constexpr milliseconds kReapPatience{1000};  // from the end of the pair to that of the process

/// The environment of the new process: ours, without what was meant for us alone.
std::vector<std::string> new_environment() {
    std::vector<std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view variable(*entry);
        const std::string_view name = variable.substr(0, variable.find('='));
        // The watchdog follows MAINPID.
        if (name != "WATCHDOG_PID" && name != kHandoverVariable) variables.emplace_back(variable);
    }
    variables.push_back(fmt::format("{}={}", kHandoverVariable, kHandoverDescriptor));
    return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Starts the binary with one end of the pair as its descriptor 3, with stdin, stdout and stderr,
/// and with nothing else that is open here; no signal blocked. 0, or an errno.
int spawn(const Invocation& invocation, int end, pid_t& pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, end, kHandoverDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&actions, kHandoverDescriptor + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> arguments = invocation.arguments;
    std::vector<std::string> environment = new_environment();
    const int error = posix_spawn(&pid, invocation.binary.c_str(), &actions, &attributes,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/// A memfd with the text, rewound; -1 when there is no room.
int file_of(const std::string& text) {
    const int file = memfd_create("ringway-state", MFD_CLOEXEC);
    if (file < 0) return -1;
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t size = write(file, text.data() + written, text.size() - written);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) {
            close(file);
            return -1;
        }
        written += static_cast<std::size_t>(size);
    }
    lseek(file, 0, SEEK_SET);
    return file;
}

Status send_listeners(HandoverChannel& channel, const Estate& estate, base::Instant deadline) {
    HandoverChannel::Message message{.kind = std::string(kListeners)};
    for (std::size_t i = 0; i < estate.listeners.size(); ++i) {
        message.addresses.push_back(estate.listeners[i].address.text());
        message.descriptors.push_back(estate.listeners[i].descriptor);
        const bool full = message.descriptors.size() == HandoverChannel::kDescriptorsMax;
        if (!full && i + 1 < estate.listeners.size()) continue;
        if (const Status sent = channel.send(message, deadline); sent != Status::good) return sent;
        message.addresses.clear();
        message.descriptors.clear();
    }
    return Status::good;
}

Status send_file(HandoverChannel& channel, std::string_view kind, int descriptor,
                 std::vector<std::string> addresses, base::Instant deadline) {
    return channel.send(
        {.kind = std::string(kind), .addresses = std::move(addresses), .descriptors = {descriptor}},
        deadline);
}

Status send_estate(HandoverChannel& channel, const Estate& estate, base::Instant deadline) {
    Status status = send_listeners(channel, estate, deadline);
    if (status == Status::good && estate.admin) {
        status = send_file(channel, kAdmin, estate.admin->descriptor,
                           {estate.admin->address.text()}, deadline);
    }
    if (status == Status::good && estate.pid_file >= 0)
        status = send_file(channel, kPidFile, estate.pid_file, {}, deadline);
    const int state = estate.state.empty() ? -1 : file_of(estate.state);
    if (status == Status::good && state >= 0)
        status = send_file(channel, kState, state, {}, deadline);
    if (state >= 0) close(state);
    if (status == Status::good) status = channel.send({.kind = std::string(kEstateEnd)}, deadline);
    return status;
}

/// How the child has ended; nothing when it has not within kReapPatience.
std::optional<std::string> reap(pid_t pid) {
    const auto end = read_clocks().now + kReapPatience;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (read_clocks().now >= end) return {};
        std::this_thread::sleep_for(milliseconds(2));
    }
    if (WIFSIGNALED(status)) return fmt::format("by signal {}", WTERMSIG(status));
    return fmt::format("with status {}", WEXITSTATUS(status));
}

void end_process(pid_t pid) {
    kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
}

/// The steps of one handover, in order; each returns why it ended there, or "".
class Steps {
 public:
    Steps(HandoverChannel& channel, pid_t pid, base::Duration timeout)
        : channel_(channel), pid_(pid), timeout_(timeout), deadline_(read_clocks().now + timeout) {}

    std::string give(const Estate& estate) {
        const Status status = send_estate(channel_, estate, deadline_);
        // A new process that finds that it cannot serve need not wait for what is sent to it.
        if (status == Status::ended) return await(kFailed);
        return outcome(status);
    }
    std::string await(std::string_view kind) {
        HandoverChannel::Message message;
        for (;;) {
            const Status status = channel_.receive(message, deadline_);
            if (status != Status::good) return outcome(status);
            close_all(message.descriptors);
            if (message.kind == kFailed) return failed(message.reason);
            if (message.kind == kind) return "";
        }
    }
    std::string go(const LastWords& words) {
        HandoverChannel::Message message{.kind = std::string(kGo), .event_id = words.event_id};
        // Without the file the new process serves as well; it tells of fewer events.
        const int events = words.events.empty() ? -1 : file_of(words.events);
        if (events >= 0) message.descriptors.push_back(events);
        const Status status = channel_.send(message, deadline_);
        close_all(message.descriptors);
        return outcome(status);
    }

 private:
    std::string failed(const std::string& reason) {
        if (!reap(pid_)) end_process(pid_);
        return reason;
    }
    std::string outcome(Status status) {
        switch (status) {
            case Status::good:
                return "";
            case Status::late:
                end_process(pid_);
                return fmt::format("it was not ready after {:.3g} s and was ended",
                                   std::chrono::duration<double>(timeout_).count());
            case Status::ended:
                const auto how = reap(pid_);
                if (!how) end_process(pid_);
                return fmt::format("it ended {} before it was ready; what it said is on stderr",
                                   how.value_or("its connection"));
        }
        return "";
    }

    HandoverChannel& channel_;
    const pid_t pid_;
    const base::Duration timeout_;
    const base::Instant deadline_;
};

}  // namespace

std::expected<pid_t, std::string> hand_over(const Invocation& invocation, const Estate& estate,
                                            base::Duration timeout,
                                            const std::function<LastWords()>& last_words) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return std::unexpected(with_errno("cannot open a pair of sockets", errno));
    HandoverChannel channel(ends[0]);
    pid_t pid = -1;
    const int error = spawn(invocation, ends[1], pid);
    close(ends[1]);
    if (error != 0) return std::unexpected(with_errno("cannot start " + invocation.binary, error));

    Steps steps(channel, pid, timeout);
    std::string reason = steps.give(estate);
    if (reason.empty()) reason = steps.await(kReady);
    if (reason.empty()) reason = steps.go(last_words());
    if (reason.empty()) reason = steps.await(kServing);
    if (!reason.empty()) return std::unexpected("the new process: " + reason);
    return pid;
}

}  // namespace ringway::control
