#include "ringway/base/published.h"

#include <urcu/urcu-qsbr.h>

#include "ringway/base/sanitizers.h"

#if RW_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace ringway::base {

namespace {

// ThreadSanitizer does not see what liburcu does: these tell it of the two orders that RCU gives,
// from a swap to the loads of that cell, and from a reader's quiescent states to the end of a wait.
#if RW_THREAD_SANITIZER
char quiescent_states;
void note_before(void* at) { __tsan_release(at); }
void note_after(void* at) { __tsan_acquire(at); }
void note_quiescent() { __tsan_release(&quiescent_states); }
void note_waited() { __tsan_acquire(&quiescent_states); }
#else
void note_before(void*) {}
void note_after(void*) {}
void note_quiescent() {}
void note_waited() {}
#endif

thread_local int registrations = 0;  // of this thread

}  // namespace

RcuReader::RcuReader() {
    if (registrations++ == 0) urcu_qsbr_register_thread();
}
RcuReader::~RcuReader() {
    note_quiescent();
    if (--registrations == 0) urcu_qsbr_unregister_thread();
}
void RcuReader::enter() { urcu_qsbr_thread_online(); }
void RcuReader::leave() {
    note_quiescent();
    urcu_qsbr_thread_offline();
}
void RcuReader::quiescent() {
    note_quiescent();
    urcu_qsbr_quiescent_state();
}

void rcu_wait_for_readers() {
    urcu_qsbr_synchronize_rcu();
    note_waited();
}

void* rcu_load(void* const* cell) {
    void* value = rcu_dereference(*const_cast<void**>(cell));
    note_after(const_cast<void**>(cell));
    return value;
}

void* rcu_swap(void** cell, void* value) {
    note_before(cell);
    return rcu_xchg_pointer(cell, value);
}

bool rcu_replace(void** cell, void* expected, void* value) {
    note_before(cell);
    return rcu_cmpxchg_pointer(cell, expected, value) == expected;
}

}  // namespace ringway::base
