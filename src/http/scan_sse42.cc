// The scan kernel for CPUs with SSE4.2: 64 bytes in four registers. Pure; any thread.
#include "scan.h"

#if defined(__x86_64__)

#include <nmmintrin.h>

#include <bit>
#include <cstddef>
#include <cstring>

#define RW_SCAN_TARGET __attribute__((target("sse4.2")))

namespace ringway::http {
namespace {

struct Masks {
    std::uint64_t not_token;
    std::uint64_t not_value;
};

constexpr std::ptrdiff_t kTargetStep = 16;

RW_SCAN_TARGET inline __m128i load16(const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

RW_SCAN_TARGET inline std::uint32_t bits_of(__m128i bytes) {
    return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
}

/// Bits of the bytes that are no token bytes. A byte's low nibble selects the set of rows (high
/// nibbles 2 to 7) in which it is a token byte, its high nibble the bit of its row; rows 0, 1 and 8
/// to 15 have none.
RW_SCAN_TARGET inline std::uint32_t not_token_bits(__m128i bytes) {
    const __m128i rows_of_low = _mm_setr_epi8(0x3a, 0x3f, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3e,
                                              0x3e, 0x3d, 0x15, 0x34, 0x15, 0x3d, 0x1c);
    const __m128i row_bits = _mm_setr_epi8(0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i low = _mm_and_si128(bytes, _mm_set1_epi8(0x0f));
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0x0f));
    const __m128i row =
        _mm_and_si128(_mm_shuffle_epi8(rows_of_low, low), _mm_shuffle_epi8(row_bits, high));
    return bits_of(_mm_cmpeq_epi8(row, _mm_setzero_si128()));
}

/// Control characters but HTAB.
RW_SCAN_TARGET inline std::uint32_t not_value_bits(__m128i bytes) {
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    return bits_of(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

RW_SCAN_TARGET inline Masks classify(const char* block) {
    Masks masks = {0, 0};
    for (int i = 0; i < 4; ++i) {
        const __m128i bytes = load16(block + 16 * i);
        masks.not_token |= std::uint64_t{not_token_bits(bytes)} << (16 * i);
        masks.not_value |= std::uint64_t{not_value_bits(bytes)} << (16 * i);
    }
    return masks;
}

/// Bits of the bytes outside of 0x21 to 0x7e, and of '#'. As signed numbers, those from 0x80 on are
/// below 0x21 too.
RW_SCAN_TARGET inline std::uint32_t beyond_target(const char* at) {
    const __m128i bytes = load16(at);
    const __m128i low = _mm_cmpgt_epi8(_mm_set1_epi8(0x21), bytes);
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const __m128i hash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#'));
    return bits_of(_mm_or_si128(_mm_or_si128(low, del), hash));
}

#include "scan_blocks.inc"

}  // namespace

constinit const ScanKernel kSse42Kernel = {"sse4.2", target_end, field_lines};

}  // namespace ringway::http

#endif
