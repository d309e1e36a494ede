#include "ringway/ring/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace ringway::ring {

namespace {

// Added to each buffer's size so that the first lines of consecutive buffers fall into different
// cache sets.
constexpr std::uint32_t kColorBytes = 9 * 64;

}  // namespace

BufferGroup::BufferGroup(std::uint32_t count, std::uint32_t bytes)
    : count_(count), bytes_(bytes), scarce_above_(count - count / 4) {
    RW_ASSERT(count > 0 && count <= 32768);
    const std::size_t stride = std::size_t{bytes} + kColorBytes;
    arena_bytes_ = stride * count;
    void* memory =
        mmap(nullptr, arena_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    RW_ASSERT(memory != MAP_FAILED);
    madvise(memory, arena_bytes_, MADV_HUGEPAGE);  // a buffer a page apart each is hard on the TLB
    arena_ = static_cast<char*>(memory);
    buffers_.resize(count);
    free_.reserve(count);
    for (std::uint32_t i = count; i > 0; --i) {
        Buffer& buffer = buffers_[i - 1];
        buffer.bytes = arena_ + stride * (i - 1);
        buffer.capacity = bytes;
        buffer.group = this;
        buffer.index = static_cast<std::uint16_t>(i - 1);
        free_.push_back(&buffer);
    }
}

BufferGroup::~BufferGroup() {
    RW_ASSERT(held_ == 0);
    RW_ASSERT(heap_count_ == 0);
    munmap(arena_, arena_bytes_);
}

Buffer* BufferGroup::take() {
    if (free_.empty()) return nullptr;
    Buffer* buffer = free_.back();
    free_.pop_back();
    return buffer;
}

void BufferGroup::untake(Buffer* buffer) { free_.push_back(buffer); }

BufferRef BufferGroup::filled(Buffer* buffer) {
    ++held_;
    return BufferRef(buffer);
}

BufferRef BufferGroup::make_heap(std::uint32_t capacity) {
    auto* buffer = new Buffer;
    buffer->bytes = new char[capacity];
    buffer->capacity = capacity;
    buffer->group = this;
    buffer->heap = true;
    ++heap_count_;
    return BufferRef(buffer);
}

Slice BufferGroup::copy(std::string_view bytes) {
    BufferRef owner = make_heap(static_cast<std::uint32_t>(std::max<std::size_t>(bytes.size(), 1)));
    if (!bytes.empty()) std::memcpy(owner->bytes, bytes.data(), bytes.size());
    const std::string_view copied(owner->bytes, bytes.size());
    return Slice{std::move(owner), copied};
}

void BufferGroup::release(Buffer* buffer) {
    if (buffer->heap) {
        --heap_count_;
        delete[] buffer->bytes;
        delete buffer;
        return;
    }
    --held_;
    free_.push_back(buffer);
}

}  // namespace ringway::ring
