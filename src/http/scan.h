// The loops over bytes that a head parse spends its time in, one kernel per instruction set behind
// one door. All kernels give the same answer to the same bytes; none reads a byte outside of
// [begin, end). Pure; any thread.
#pragma once

#include <cstdint>
#include <span>

#include "ringway/http/head.h"

namespace ringway::http {

/// A name longer than this is refused (head_too_large): no known field comes near, and it bounds
/// one scan.
inline constexpr std::uint32_t kFieldNameBytesMax = 1024;

/// What a scan over field lines found.
struct FieldLines {
    HeadError error = HeadError::none;  // none: the empty line was reached
    std::uint32_t count = 0;            // fields written, valid for HeadError::none
    const char* end = nullptr;          // behind the empty line, valid for HeadError::none
};

struct ScanKernel {
    const char* name;
    /// The first byte that cannot stand in a request target, or `end`.
    const char* (*target_end)(const char* begin, const char* end);
    /// Splits field lines (RFC 9112 5) up to and with the empty line into `fields`: name, trimmed
    /// value, no id. An error in a prefix is the error of every continuation; `incomplete` when the
    /// bytes end before the empty line.
    FieldLines (*field_lines)(const char* begin, const char* end, Field* fields,
                              std::uint32_t fields_max);
};

extern const ScanKernel kScalarKernel;
#if defined(__x86_64__)
extern const ScanKernel kSse42Kernel;
extern const ScanKernel kAvx2Kernel;
#endif

/// The best kernel of this CPU, chosen once before main.
const ScanKernel& scan_kernel();

/// Every kernel that this CPU can run, the scalar one first.
std::span<const ScanKernel* const> usable_kernels();

/// Why a line that does not start with a name and a colon is no field line: `stop` is the first
/// byte of [line, end) that is no token byte. `none` exactly for the empty line.
inline HeadError judge_line_start(const char* line, const char* stop, const char* end) {
    if (stop == end) return HeadError::incomplete;
    if (*stop == '\n') return HeadError::bare_line_end;
    if (stop != line)
        return HeadError::bad_field_name;  // RFC 9112 5.1: white space before the colon too
    if (*stop == '\r') {
        if (stop + 1 == end) return HeadError::incomplete;
        return stop[1] == '\n' ? HeadError::none : HeadError::bare_line_end;
    }
    if (*stop == ' ' || *stop == '\t') return HeadError::obsolete_fold;  // RFC 9112 5.2
    return HeadError::bad_field_name;
}

/// `none` when the value that stops at `stop` is ended by CRLF.
inline HeadError judge_value_end(const char* stop, const char* end) {
    if (stop == end) return HeadError::incomplete;
    if (*stop == '\n') return HeadError::bare_line_end;
    if (*stop != '\r') return HeadError::bad_field_value;
    if (stop + 1 == end) return HeadError::incomplete;
    return stop[1] == '\n' ? HeadError::none : HeadError::bare_line_end;
}

/// Writes the name [name, colon) and the value (colon, value_end), the latter without its OWS (RFC
/// 9112 5.1).
inline void store_field(Field& field, const char* name, const char* colon, const char* value_end) {
    const char* value = colon + 1;
    while (value != value_end && (*value == ' ' || *value == '\t')) ++value;
    while (value_end != value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    field.name = std::string_view(name, static_cast<std::size_t>(colon - name));
    field.value = std::string_view(value, static_cast<std::size_t>(value_end - value));
    field.id = FieldId::other;
    field.nominated = false;
}

}  // namespace ringway::http
