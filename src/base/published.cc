#include "ringway/base/published.h"

#include <urcu/urcu-qsbr.h>

namespace ringway::base {

RcuReader::RcuReader() { urcu_qsbr_register_thread(); }
RcuReader::~RcuReader() { urcu_qsbr_unregister_thread(); }
void RcuReader::enter() { urcu_qsbr_thread_online(); }
void RcuReader::leave() { urcu_qsbr_thread_offline(); }
void RcuReader::quiescent() { urcu_qsbr_quiescent_state(); }

void rcu_wait_for_readers() { urcu_qsbr_synchronize_rcu(); }

void* rcu_load(void* const* cell) { return rcu_dereference(*const_cast<void**>(cell)); }

void* rcu_swap(void** cell, void* value) { return rcu_xchg_pointer(cell, value); }

}  // namespace ringway::base
