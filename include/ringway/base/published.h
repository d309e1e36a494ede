// One pointer through which control state reaches the shards: readers load it, the writer replaces
// it and frees the old value after every shard has passed a quiescent state (user-space RCU, QSBR
// flavour: Desnoyers et al., 2012).
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::base {

/// A thread that reads Published values: register at its start (registrations nest), leave() before
/// it blocks, enter() after, and call quiescent() once a turn with no reference into a published
/// value held.
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
/// True when the cell held `expected` and now holds `value`.
bool rcu_replace(void** cell, void* expected, void* value);

/// The cell. read() and replace() from RcuReader threads; publish() and reclaim() from threads that
/// are not online readers.
template <class T>
class Published {
 public:
    explicit Published(std::unique_ptr<const T> first) : value_(erase(first.release())) {}
    Published(const Published&) = delete;
    Published& operator=(const Published&) = delete;
    ~Published() {
        delete read();
        free_all(retired_.load(std::memory_order_acquire));
    }

    /// Valid until the calling reader's next quiescent state.
    const T* read() const { return static_cast<const T*>(rcu_load(&value_)); }

    /// Replaces the value; blocks until no reader can hold the old one, then frees it.
    void publish(std::unique_ptr<const T> next) {
        RW_ASSERT(next != nullptr);
        auto* old = static_cast<const T*>(rcu_swap(&value_, erase(next.release())));
        rcu_wait_for_readers();
        delete old;
    }

    /// Replaces `expected`, which read() gave in this reader's current section, by `next`. False
    /// when it is not the value any more; `next` is untouched then. The old value stays readable
    /// until reclaim(). Never waits.
    bool replace(const T* expected, std::unique_ptr<const T>& next) {
        RW_ASSERT(next != nullptr);
        auto retired = std::make_unique<Retired>(Retired{expected, nullptr});
        if (!rcu_replace(&value_, erase(expected), erase(next.get()))) return false;
        static_cast<void>(next.release());
        Retired* const node = retired.release();
        node->next = retired_.load(std::memory_order_relaxed);
        while (!retired_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                               std::memory_order_relaxed)) {
        }
        return true;
    }

    /// Frees what replace() put out of use; blocks until no reader can hold it.
    void reclaim() {
        Retired* const list = retired_.exchange(nullptr, std::memory_order_acquire);
        if (list == nullptr) return;
        rcu_wait_for_readers();
        free_all(list);
    }

 private:
    /// A value out of use, which some reader may still hold.
    struct Retired {
        const T* value;
        Retired* next;
    };
    static void free_all(Retired* list) {
        while (list != nullptr) {
            delete list->value;
            delete std::exchange(list, list->next);
        }
    }
    static void* erase(const T* value) { return const_cast<T*>(value); }
    void* value_;
    std::atomic<Retired*> retired_{nullptr};
};

}  // namespace ringway::base
