// Choice of the scan kernel: once, before main, by what the CPU says it can do. Read-only
// afterwards; any thread.
#include "scan.h"

#include <array>

namespace ringway::http {
namespace {

struct Usable {
    std::array<const ScanKernel*, 3> kernels{};
    std::size_t count = 0;
};

Usable find_usable() {
    Usable usable;
    usable.kernels[usable.count++] = &kScalarKernel;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) usable.kernels[usable.count++] = &kSse42Kernel;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) {
        usable.kernels[usable.count++] = &kAvx2Kernel;
    }
#endif
    return usable;
}

// Usable from other initialisers too: until its own has run, the scalar kernel serves.
constinit const ScanKernel* chosen_kernel = &kScalarKernel;

const Usable& usable() {
    static const Usable found = find_usable();
    return found;
}

[[maybe_unused]] const bool chosen = [] {
    chosen_kernel = usable().kernels[usable().count - 1];
    return true;
}();

}  // namespace

const ScanKernel& scan_kernel() { return *chosen_kernel; }

std::span<const ScanKernel* const> usable_kernels() {
    return {usable().kernels.data(), usable().count};
}

}  // namespace ringway::http
