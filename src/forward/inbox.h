// Bytes that could not be used yet, gathered in a heap buffer so that no receive buffer waits with
// them.
#pragma once

#include <algorithm>
#include <cstring>

#include "ringway/ring/buffer.h"

namespace ringway::forward {

/// Appends a copy of `bytes` to `inbox`, in place while its buffer is its own and has room.
inline void append_copy(ring::BufferGroup& buffers, ring::Slice& inbox, std::string_view bytes) {
    ring::Buffer* buffer = inbox.owner.get();
    const bool own = buffer != nullptr && buffer->heap && buffer->references == 1;
    const std::size_t used =
        own ? static_cast<std::size_t>(inbox.bytes.data() - buffer->bytes) + inbox.bytes.size() : 0;
    if (own && used + bytes.size() <= buffer->capacity) {
        std::memcpy(buffer->bytes + used, bytes.data(), bytes.size());
        inbox.bytes = {inbox.bytes.data(), inbox.bytes.size() + bytes.size()};
        return;
    }
    const std::size_t total = inbox.bytes.size() + bytes.size();
    ring::BufferRef larger =
        buffers.make_heap(static_cast<std::uint32_t>(std::max<std::size_t>(total * 2, 512)));
    if (!inbox.bytes.empty()) std::memcpy(larger->bytes, inbox.bytes.data(), inbox.bytes.size());
    std::memcpy(larger->bytes + inbox.bytes.size(), bytes.data(), bytes.size());
    const std::string_view gathered(larger->bytes, total);
    inbox = ring::Slice{std::move(larger), gathered};
}

}  // namespace ringway::forward
