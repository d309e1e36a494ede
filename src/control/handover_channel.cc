#include "handover_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ringway/base/assert.h"
#include "ringway/control/clock.h"
#include "ringway/observe/json.h"

namespace ringway::control {
namespace {

constexpr std::size_t kTextBytesMax = 64 * 1024;

using Ancillary = char[CMSG_SPACE(sizeof(int) * HandoverChannel::kDescriptorsMax)];

std::string text_of(const HandoverChannel::Message& message) {
    std::string text;
    observe::JsonWriter json(text);
    json.open_object();
    json.key("kind").text(message.kind);
    if (!message.reason.empty()) json.key("reason").text(message.reason);
    if (message.event_id != 0) json.key("event_id").number(message.event_id);
    if (!message.addresses.empty()) {
        json.key("addresses").open_array();
        for (const std::string& address : message.addresses) json.text(address);
        json.close_array();
    }
    json.close_object();
    return text;
}

/// False when it is no message; members of other types count as missing.
bool read_text(std::string_view text, HandoverChannel::Message& message) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(simdjson::padded_string(text)).get(object) != simdjson::SUCCESS) return false;
    std::string_view kind, reason;
    if (object["kind"].get(kind) != simdjson::SUCCESS) return false;
    message.kind = kind;
    if (object["reason"].get(reason) == simdjson::SUCCESS) message.reason = reason;
    if (object["event_id"].get(message.event_id) != simdjson::SUCCESS) message.event_id = 0;
    simdjson::dom::array addresses;
    if (object["addresses"].get(addresses) != simdjson::SUCCESS) return true;
    for (const simdjson::dom::element element : addresses) {
        std::string_view address;
        if (element.get(address) != simdjson::SUCCESS) return false;
        message.addresses.emplace_back(address);
    }
    return true;
}

void read_descriptors(msghdr& header, std::vector<int>& descriptors) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const std::size_t before = descriptors.size();
        descriptors.resize(before + count);
        std::memcpy(descriptors.data() + before, CMSG_DATA(part), count * sizeof(int));
    }
}

}  // namespace

void close_all(std::span<const int> descriptors) {
    for (const int descriptor : descriptors) close(descriptor);
}

HandoverChannel::HandoverChannel(int descriptor) : descriptor_(descriptor) {
    fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

HandoverChannel::~HandoverChannel() { close(descriptor_); }

HandoverChannel::Status HandoverChannel::wait(short events, base::Instant deadline) const {
    for (;;) {
        const base::Duration left = deadline - read_clocks().now;
        if (left <= base::Duration{}) return Status::late;
        pollfd one{descriptor_, events, 0};
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        const int count = poll(&one, 1, static_cast<int>(std::min<std::int64_t>(ms, 60'000)));
        if (count > 0) return Status::good;
    }
}

HandoverChannel::Status HandoverChannel::send(const Message& message, base::Instant deadline) {
    RW_ASSERT(message.descriptors.size() <= kDescriptorsMax);
    std::string text = text_of(message);
    iovec piece{text.data(), text.size()};
    alignas(cmsghdr) Ancillary ancillary{};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    if (!message.descriptors.empty()) {
        const std::size_t bytes = message.descriptors.size() * sizeof(int);
        header.msg_control = ancillary;
        header.msg_controllen = CMSG_SPACE(bytes);
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(bytes);
        std::memcpy(CMSG_DATA(part), message.descriptors.data(), bytes);
    }
    for (;;) {
        if (const Status status = wait(POLLOUT, deadline); status != Status::good) return status;
        if (sendmsg(descriptor_, &header, MSG_NOSIGNAL) >= 0) return Status::good;
        if (errno != EAGAIN && errno != EINTR) return Status::ended;
    }
}

HandoverChannel::Status HandoverChannel::receive(Message& message, base::Instant deadline) {
    std::vector<char> text(kTextBytesMax);
    for (;;) {
        if (const Status status = wait(POLLIN, deadline); status != Status::good) return status;
        iovec piece{text.data(), text.size()};
        alignas(cmsghdr) Ancillary ancillary{};
        msghdr header{};
        header.msg_iov = &piece;
        header.msg_iovlen = 1;
        header.msg_control = ancillary;
        header.msg_controllen = sizeof(ancillary);
        const ssize_t size = recvmsg(descriptor_, &header, MSG_CMSG_CLOEXEC);
        // ECONNRESET says once that the other side left without reading all; what it had sent
        // follows.
        if (size < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET)) continue;
        if (size <= 0) return Status::ended;
        message = {};
        read_descriptors(header, message.descriptors);
        const bool whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
        if (whole && read_text({text.data(), static_cast<std::size_t>(size)}, message))
            return Status::good;
        close_all(message.descriptors);
    }
}

}  // namespace ringway::control
