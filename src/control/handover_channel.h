// One end of the pair of sockets between two processes: messages with descriptors. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/time.h"

namespace ringway::control {

class HandoverChannel {
 public:
    static constexpr std::size_t kDescriptorsMax = 128;  // of a message; the kernel takes 253

    enum class Status : std::uint8_t { good, ended, late };
    struct Message {
        std::string kind;
        std::vector<std::string> addresses;  // of `descriptors`, in order, where they are sockets
        std::string reason;
        std::uint64_t event_id = 0;
        std::vector<int> descriptors;  // whoever takes the message owns them
    };

    /// Owns `descriptor`, a SOCK_SEQPACKET.
    explicit HandoverChannel(int descriptor);
    HandoverChannel(const HandoverChannel&) = delete;
    HandoverChannel& operator=(const HandoverChannel&) = delete;
    ~HandoverChannel();

    Status send(const Message& message, base::Instant deadline);
    /// The next message that can be read; others are passed over.
    Status receive(Message& message, base::Instant deadline);

 private:
    Status wait(short events, base::Instant deadline) const;
    int descriptor_;
};

void close_all(std::span<const int> descriptors);

}  // namespace ringway::control
