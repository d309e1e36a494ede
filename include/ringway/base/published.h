// One pointer through which control state reaches the shards: readers load it, the writer replaces
// it and frees the old value after every shard has passed a quiescent state (user-space RCU, QSBR
// flavour: Desnoyers et al., 2012).
#pragma once

#include <memory>

#include "ringway/base/assert.h"

namespace ringway::base {

/// A thread that reads Published values: register at its start, leave() before it blocks, enter()
/// after, and call quiescent() once a turn with no reference into a published value held.
class RcuReader {
 public:
    RcuReader();
    ~RcuReader();
    RcuReader(const RcuReader&) = delete;
    RcuReader& operator=(const RcuReader&) = delete;
    static void enter();
    static void leave();
    static void quiescent();
};

/// Waits until every registered reader has passed a quiescent state. Not to be called by an online
/// reader.
void rcu_wait_for_readers();

void* rcu_load(void* const* cell);
void* rcu_swap(void** cell, void* value);

/// The cell. read() from RcuReader threads; publish() from one writer at a time (the control
/// thread).
template <class T>
class Published {
 public:
    explicit Published(std::unique_ptr<const T> first) : value_(erase(first.release())) {}
    Published(const Published&) = delete;
    Published& operator=(const Published&) = delete;
    ~Published() { delete read(); }

    /// Valid until the calling reader's next quiescent state.
    const T* read() const { return static_cast<const T*>(rcu_load(&value_)); }

    /// Replaces the value; blocks until no reader can hold the old one, then frees it.
    void publish(std::unique_ptr<const T> next) {
        RW_ASSERT(next != nullptr);
        auto* old = static_cast<const T*>(rcu_swap(&value_, erase(next.release())));
        rcu_wait_for_readers();
        delete old;
    }

 private:
    static void* erase(const T* value) { return const_cast<T*>(value); }
    void* value_;
};

}  // namespace ringway::base
