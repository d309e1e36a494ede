// How many descriptors the process may open, and the table that holds them. Main thread, before
// there are others.
#pragma once

#include <cstdint>

namespace ringway::ring {

/// Raises RLIMIT_NOFILE as far as it may be raised without a privilege; returns what it is then.
std::uint64_t raise_descriptor_limit();

/// Makes room for `count` descriptors, or for as many as RLIMIT_NOFILE allows, in the kernel's
/// table of this process: 8 bytes each. The table else doubles whenever it is full, and once it
/// belongs to several threads the one that accepts or connects then waits for the end of an RCU
/// grace period (expand_fdtable() in Linux' fs/file.c): tens of milliseconds, or seconds on a busy
/// machine, in which its whole shard stands still. Where the kernel has no memory for it the table
/// grows as ever.
void reserve_descriptor_table(std::uint64_t count);

}  // namespace ringway::ring
