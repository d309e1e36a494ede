// Which sanitizer a build has: GCC says it by a macro, Clang by a feature.
#pragma once

#if defined(__has_feature)
#define RW_HAS_FEATURE(name) __has_feature(name)
#else
#define RW_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || RW_HAS_FEATURE(address_sanitizer)
#define RW_ADDRESS_SANITIZER 1
#else
#define RW_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || RW_HAS_FEATURE(thread_sanitizer)
#define RW_THREAD_SANITIZER 1
#else
#define RW_THREAD_SANITIZER 0
#endif

namespace ringway::base {

inline constexpr bool kSanitized = RW_ADDRESS_SANITIZER || RW_THREAD_SANITIZER;

}  // namespace ringway::base
