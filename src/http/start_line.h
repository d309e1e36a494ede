// The first line of a head: request line or status line (RFC 9112 3, 4). Pure; any thread.
//
// Each walk goes strictly from left to right: an error found in a prefix is the error of every
// continuation, so that the answer does not depend on how the bytes were cut. `at` is moved behind
// what was read only on `none`.
#pragma once

#include "ringway/http/head.h"
#include "scan.h"

namespace ringway::http {

/// Longer methods are refused (bad_method); the longest registered one has 17 bytes.
inline constexpr std::uint32_t kMethodBytesMax = 64;
/// Empty lines that may precede a request line (RFC 9112 2.2).
inline constexpr std::uint32_t kEmptyLinesMax = 4;

/// Skips empty lines and reads the request line, its line end included, into `head`; checks the
/// target's form.
HeadError read_request_line(const ScanKernel& kernel, const char*& at, const char* end,
                            const HeadLimits& limits, RequestHead& head);

/// Reads the status line, its line end included, into `head`.
HeadError read_status_line(const char*& at, const char* end, ResponseHead& head);

}  // namespace ringway::http
