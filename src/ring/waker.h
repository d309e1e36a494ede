// Wakes rings of other threads with MSG_RING, through one small ring of its own.
#pragma once

#include <cstdint>
#include <mutex>

#include "uapi.h"

namespace ringway::ring {

inline constexpr std::uint64_t kIgnored =
    0;  // user_data of operations whose completion nobody waits for
inline constexpr std::uint64_t kWoken = 1;  // user_data of a wake()

/// One for the process; any thread.
class Waker {
 public:
    static Waker& instance();
    /// False when this way is not open and the caller needs another.
    bool wake(int ring_descriptor);

 private:
    Waker();
    ~Waker();
    bool open_restricted();

    std::mutex mutex_;
    io_uring ring_;
    bool open_;
};

}  // namespace ringway::ring
