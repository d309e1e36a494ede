// The new side of a handover, and how a process was started.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "handover_channel.h"
#include "handover_names.h"
#include "ringway/control/clock.h"
#include "ringway/control/handover.h"

namespace ringway::control {
namespace {

using Status = HandoverChannel::Status;

constexpr std::chrono::seconds kPatience{60};  // for the next message of the older process
constexpr std::size_t kReasonBytesMax = 4096;

std::string content_of(int file) {
    std::string content;
    char bytes[16 * 1024];
    for (off_t at = 0;;) {
        const ssize_t size = pread(file, bytes, sizeof(bytes), at);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return content;
        content.append(bytes, static_cast<std::size_t>(size));
        at += size;
    }
}

/// The sockets of a message, by address; one without an address that can be read is closed.
std::vector<accept::InheritedSocket> sockets_of(const HandoverChannel::Message& message) {
    std::vector<accept::InheritedSocket> sockets;
    for (std::size_t i = 0; i < message.descriptors.size(); ++i) {
        const auto address = i < message.addresses.size()
                                 ? base::SocketAddress::parse(message.addresses[i])
                                 : std::nullopt;
        if (address) {
            sockets.push_back({message.descriptors[i], *address});
        } else {
            close(message.descriptors[i]);
        }
    }
    return sockets;
}

void take(const HandoverChannel::Message& message, Estate& estate) {
    if (message.kind == kListeners) {
        const auto sockets = sockets_of(message);
        estate.listeners.insert(estate.listeners.end(), sockets.begin(), sockets.end());
    } else if (message.kind == kAdmin && message.descriptors.size() == 1 && !estate.admin) {
        const auto sockets = sockets_of(message);
        if (!sockets.empty()) estate.admin = sockets.front();
    } else if (message.kind == kPidFile && message.descriptors.size() == 1 && estate.pid_file < 0) {
        estate.pid_file = message.descriptors.front();
    } else {
        if (message.kind == kState && message.descriptors.size() == 1)
            estate.state = content_of(message.descriptors.front());
        close_all(message.descriptors);
    }
}

base::Instant patience_end() { return read_clocks().now + kPatience; }

}  // namespace

Invocation read_invocation() {
    Invocation invocation;
    char path[4096];
    const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
    if (size > 0) invocation.binary.assign(path, static_cast<std::size_t>(size));
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t end = std::min(all.find('\0', at), all.size());
        invocation.arguments.push_back(all.substr(at, end - at));
        at = end + 1;
    }
    return invocation;
}

Predecessor* Predecessor::find() {
    static const std::unique_ptr<Predecessor> found = [] {
        std::unique_ptr<Predecessor> none;
        const char* variable = std::getenv(kHandoverVariable.data());
        if (variable == nullptr) return none;
        const std::string text(variable);
        unsetenv(kHandoverVariable.data());
        int descriptor = -1;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), descriptor);
        if (read.ec != std::errc{} || fcntl(descriptor, F_GETFD) < 0) return none;
        return std::unique_ptr<Predecessor>(new Predecessor(descriptor));
    }();
    return found.get();
}

Predecessor::Predecessor(int descriptor)
    : channel_(std::make_unique<HandoverChannel>(descriptor)) {}

Predecessor::~Predecessor() = default;

std::expected<Estate, std::string> Predecessor::receive() {
    Estate estate;
    HandoverChannel::Message message;
    for (;;) {
        if (channel_->receive(message, patience_end()) != Status::good)
            return std::unexpected("the older process did not hand over its sockets");
        if (message.kind == kEstateEnd) return estate;
        take(message, estate);
    }
}

void Predecessor::failed(std::string_view reason) {
    if (channel_ == nullptr) return;
    channel_->send(
        {.kind = std::string(kFailed), .reason = std::string(reason.substr(0, kReasonBytesMax))},
        patience_end());
    channel_.reset();
}

std::expected<LastWords, std::string> Predecessor::ready() {
    if (channel_->send({.kind = std::string(kReady)}, patience_end()) == Status::late)
        return std::unexpected("the older process does not listen");
    HandoverChannel::Message message;
    for (;;) {
        switch (channel_->receive(message, patience_end())) {
            case Status::ended:
                return LastWords{};  // it is gone, and has not stopped this one, which has to serve
            case Status::late:
                return std::unexpected("the older process gave no word to go");
            case Status::good:
                break;
        }
        LastWords words{.event_id = message.event_id, .events = {}};
        if (message.descriptors.size() == 1) words.events = content_of(message.descriptors.front());
        close_all(message.descriptors);
        if (message.kind == kGo) return words;
    }
}

void Predecessor::serving() {
    channel_->send({.kind = std::string(kServing)}, patience_end());
    channel_.reset();
}

}  // namespace ringway::control
