// Assertions on the program's own invariants, never on what a peer, a file or load can cause.
#pragma once

namespace ringway::base {

/// Prints the failed condition with its place to stderr and aborts. Any thread.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace ringway::base

/// Always on.
#define RW_ASSERT(condition)                           \
    (__builtin_expect(static_cast<bool>(condition), 1) \
         ? static_cast<void>(0)                        \
         : ::ringway::base::assertion_failed(#condition, __FILE__, __LINE__))

/// On in debug, sanitizer and fuzz builds; for checks that the request path cannot afford.
#if defined(RINGWAY_HOT_ASSERTS)
#define RW_ASSERT_HOT(condition) RW_ASSERT(condition)
#else
#define RW_ASSERT_HOT(condition) static_cast<void>(0)
#endif
