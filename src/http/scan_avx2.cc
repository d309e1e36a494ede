// The scan kernel for CPUs with AVX2: 64 bytes in two registers. Pure; any thread.
#include "scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstring>

#define RW_SCAN_TARGET __attribute__((target("avx2,bmi")))

namespace ringway::http {
namespace {

struct Masks {
    std::uint64_t not_token;
    std::uint64_t not_value;
};

constexpr std::ptrdiff_t kTargetStep = 32;

RW_SCAN_TARGET inline __m256i load32(const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

RW_SCAN_TARGET inline std::uint32_t bits_of(__m256i bytes) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

/// Bits of the bytes that are no token bytes. A byte's low nibble selects the set of rows (high
/// nibbles 2 to 7) in which it is a token byte, its high nibble the bit of its row; rows 0, 1 and 8
/// to 15 have none.
RW_SCAN_TARGET inline std::uint32_t not_token_bits(__m256i bytes) {
    const __m256i rows_of_low =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0x3a, 0x3f, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
                                                  0x3e, 0x3e, 0x3d, 0x15, 0x34, 0x15, 0x3d, 0x1c));
    const __m256i row_bits = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i low = _mm256_and_si256(bytes, _mm256_set1_epi8(0x0f));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
    const __m256i row = _mm256_and_si256(_mm256_shuffle_epi8(rows_of_low, low),
                                         _mm256_shuffle_epi8(row_bits, high));
    return bits_of(_mm256_cmpeq_epi8(row, _mm256_setzero_si256()));
}

/// Control characters but HTAB.
RW_SCAN_TARGET inline std::uint32_t not_value_bits(__m256i bytes) {
    const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    const __m256i tab = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\t'));
    const __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
    return bits_of(_mm256_or_si256(_mm256_andnot_si256(tab, low), del));
}

RW_SCAN_TARGET inline Masks classify(const char* block) {
    const __m256i first = load32(block);
    const __m256i second = load32(block + 32);
    return {not_token_bits(first) | std::uint64_t{not_token_bits(second)} << 32,
            not_value_bits(first) | std::uint64_t{not_value_bits(second)} << 32};
}

/// Bits of the bytes outside of 0x21 to 0x7e, and of '#'. As signed numbers, those from 0x80 on are
/// below 0x21 too.
RW_SCAN_TARGET inline std::uint32_t beyond_target(const char* at) {
    const __m256i bytes = load32(at);
    const __m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x21), bytes);
    const __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
    const __m256i hash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('#'));
    return bits_of(_mm256_or_si256(_mm256_or_si256(low, del), hash));
}

#include "scan_blocks.inc"

}  // namespace

constinit const ScanKernel kAvx2Kernel = {"avx2", target_end, field_lines};

}  // namespace ringway::http

#endif
