// A bounded queue of small values between two threads, one on each side, without locks (Lamport,
// 1983). Full means that push() says no; nobody waits.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ringway::base {

template <class T, std::size_t capacity>
class SpscRing {
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(std::has_single_bit(capacity));

 public:
    /// Writer. False when it is full.
    bool push(const T& value) {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == capacity) return false;
        values_[tail % capacity] = value;
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }
    /// Reader. False when it is empty.
    bool pop(T& value) {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire)) return false;
        value = values_[head % capacity];
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

 private:
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    alignas(64) std::array<T, capacity> values_{};
};

}  // namespace ringway::base
