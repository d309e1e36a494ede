// A bounded pool of objects of one type: slots are reused, memory grows in blocks and never moves.
// Single-threaded.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "ringway/base/assert.h"

namespace ringway::base {

/// Pool of at most `limit` objects. make() constructs in a free slot, destroy() destructs and gives
/// the slot back. Most-recently-freed slots are used first: they are still in the cache. The
/// destructor checks that all came home.
template <class T>
class Slab {
 public:
    explicit Slab(std::size_t limit) : limit_(limit) {}
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    ~Slab() { RW_ASSERT(used_ == 0); }

    std::size_t used() const { return used_; }
    std::size_t limit() const { return limit_; }
    /// Objects beyond a lower limit stay.
    void set_limit(std::size_t limit) { limit_ = limit; }

    /// A new object, or nullptr when the limit is reached.
    template <class... Args>
    T* make(Args&&... args) {
        if (used_ >= limit_) return nullptr;
        if (free_ == nullptr) grow();
        Slot* slot = free_;
        free_ = slot->next;
        ++used_;
        return ::new (static_cast<void*>(slot->storage)) T(std::forward<Args>(args)...);
    }

    void destroy(T* object) {
        RW_ASSERT_HOT(used_ > 0);
        object->~T();
        Slot* slot = reinterpret_cast<Slot*>(object);
        slot->next = free_;
        free_ = slot;
        --used_;
    }

 private:
    union Slot {
        Slot* next;
        alignas(T) std::byte storage[sizeof(T)];
    };
    static constexpr std::size_t kBlockSlots = 64;

    void grow() {
        blocks_.push_back(std::make_unique_for_overwrite<Slot[]>(kBlockSlots));
        Slot* block = blocks_.back().get();
        for (std::size_t i = kBlockSlots; i > 0; --i) {
            block[i - 1].next = free_;
            free_ = &block[i - 1];
        }
    }

    std::size_t limit_;
    std::size_t used_ = 0;
    Slot* free_ = nullptr;
    std::vector<std::unique_ptr<Slot[]>> blocks_;
};

}  // namespace ringway::base
