// Receive buffers: one group a shard. A buffer is owned by the kernel, or by whoever holds a
// BufferRef to it; the last reference gives it back. Bytes kept beyond that live in heap buffers of
// the same type, so a Slice never asks which. Single-threaded: everything here belongs to one
// shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/base/assert.h"

namespace ringway::ring {

class BufferGroup;

/// Storage of received bytes with a reference count; made by BufferGroup only.
struct Buffer {
    char* bytes = nullptr;
    std::uint32_t capacity = 0;
    std::uint32_t references = 0;
    BufferGroup* group = nullptr;
    std::uint16_t index = 0;
    bool heap = false;  // true exactly when it is not part of the group's arena
};

class BufferRef {
 public:
    BufferRef() = default;
    explicit BufferRef(Buffer* buffer) : buffer_(buffer) { ++buffer_->references; }
    BufferRef(const BufferRef& other) : buffer_(other.buffer_) {
        if (buffer_ != nullptr) ++buffer_->references;
    }
    BufferRef(BufferRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
    BufferRef& operator=(BufferRef other) noexcept {
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    ~BufferRef() { reset(); }

    inline void reset();
    explicit operator bool() const { return buffer_ != nullptr; }
    Buffer* get() const { return buffer_; }
    Buffer* operator->() const { return buffer_; }

 private:
    Buffer* buffer_ = nullptr;
};

/// Bytes within a buffer, kept alive by it.
struct Slice {
    BufferRef owner;
    std::string_view bytes;
};

/// The arena of a shard. Free buffers are a stack: the last one given back is the next one used, so
/// that few are hot however many there are.
class BufferGroup {
 public:
    /// `count` buffers of `bytes` each. Starts are spread over cache sets (buffers of a power of
    /// two would all share few).
    BufferGroup(std::uint32_t count, std::uint32_t bytes);
    BufferGroup(const BufferGroup&) = delete;
    BufferGroup& operator=(const BufferGroup&) = delete;
    ~BufferGroup();

    std::uint32_t count() const { return count_; }
    std::uint32_t buffer_bytes() const { return bytes_; }
    /// Buffers neither referred to nor handed to the kernel.
    std::uint32_t free_count() const { return static_cast<std::uint32_t>(free_.size()); }
    /// Buffers that somebody refers to.
    std::uint32_t held_count() const { return held_; }
    /// True when so many are held that keepers of bytes should copy them out (three quarters).
    bool scarce() const { return held_ > scarce_above_; }

    /// How often the kernel found no buffer.
    std::uint64_t exhausted_count() const { return exhausted_; }
    void count_exhausted() { ++exhausted_; }

    /// Takes a free buffer to hand to the kernel, or nullptr.
    Buffer* take();
    /// Gives back one that take() gave and the kernel never filled.
    void untake(Buffer* buffer);
    /// The kernel filled it: the first reference.
    BufferRef filled(Buffer* buffer);
    Buffer& at(std::uint16_t index) { return buffers_[index]; }

    /// A heap buffer of at least `capacity`.
    BufferRef make_heap(std::uint32_t capacity);
    /// The bytes copied into a heap buffer.
    Slice copy(std::string_view bytes);

    void release(Buffer* buffer);  // by BufferRef

 private:
    std::uint32_t count_;
    std::uint32_t bytes_;
    std::uint32_t held_ = 0;
    std::uint32_t scarce_above_;
    std::uint32_t heap_count_ = 0;
    std::uint64_t exhausted_ = 0;
    char* arena_ = nullptr;
    std::size_t arena_bytes_ = 0;
    std::vector<Buffer> buffers_;
    std::vector<Buffer*> free_;
};

inline void BufferRef::reset() {
    if (Buffer* buffer = std::exchange(buffer_, nullptr)) {
        RW_ASSERT_HOT(buffer->references > 0);
        if (--buffer->references == 0) buffer->group->release(buffer);
    }
}

}  // namespace ringway::ring
