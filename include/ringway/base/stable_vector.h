// A sequence that grows at its end while others read it, and whose elements never move.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>

#include "ringway/base/assert.h"

namespace ringway::base {

/// One thread at a time grows it. Any thread may use the elements below a size that it read, or
/// that it was told of by whatever hands over data between threads. Blocks double, so that at most
/// half of the memory waits for more.
template <class T>
class StableVector {
 public:
    explicit StableVector(std::size_t size = 0) { grow(size); }
    StableVector(const StableVector&) = delete;
    StableVector& operator=(const StableVector&) = delete;
    ~StableVector() {
        for (auto& block : blocks_) delete[] block.load(std::memory_order_relaxed);
    }

    std::size_t size() const { return size_.load(std::memory_order_acquire); }

    /// New elements are value-initialized. Never shrinks.
    void grow(std::size_t size) {
        const std::size_t before = size_.load(std::memory_order_relaxed);
        if (size <= before) return;
        const std::size_t last = block_of(size - 1);
        RW_ASSERT(last < kBlocks);
        for (std::size_t i = 0; i <= last; ++i) {
            if (blocks_[i].load(std::memory_order_relaxed) == nullptr)
                blocks_[i].store(new T[slots_of(i)](), std::memory_order_release);
        }
        size_.store(size, std::memory_order_release);
    }

    T& operator[](std::size_t index) { return *at(index); }
    const T& operator[](std::size_t index) const { return *at(index); }

    template <class Vector, class Element>
    class Iterator {
     public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        Iterator(Vector* of, std::size_t index) : of_(of), index_(index) {}
        Element& operator*() const { return (*of_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        Iterator operator++(int) { return {of_, index_++}; }
        bool operator==(const Iterator&) const = default;

     private:
        Vector* of_ = nullptr;
        std::size_t index_ = 0;
    };
    auto begin() { return Iterator<StableVector, T>(this, 0); }
    auto end() { return Iterator<StableVector, T>(this, size()); }
    auto begin() const { return Iterator<const StableVector, const T>(this, 0); }
    auto end() const { return Iterator<const StableVector, const T>(this, size()); }

 private:
    static constexpr std::size_t kBlocks = 20;  // a million elements
    // block 0 has one element, block n has 2^(n-1)
    static std::size_t block_of(std::size_t index) {
        return static_cast<std::size_t>(std::bit_width(index));
    }
    static std::size_t slots_of(std::size_t block) {
        return block == 0 ? 1 : std::size_t{1} << (block - 1);
    }
    T* at(std::size_t index) const {
        RW_ASSERT_HOT(index < size_.load(std::memory_order_relaxed));
        const std::size_t block = block_of(index);
        const std::size_t first = block == 0 ? 0 : std::size_t{1} << (block - 1);
        return blocks_[block].load(std::memory_order_relaxed) + (index - first);
    }

    std::array<std::atomic<T*>, kBlocks> blocks_{};
    std::atomic<std::size_t> size_{0};
};

}  // namespace ringway::base
