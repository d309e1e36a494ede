// Head parsing with a given scan kernel: what the public doors call with the best one, and the
// tests with each. Pure.
#pragma once

#include "ringway/http/head.h"
#include "scan.h"

namespace ringway::http {

HeadError parse_request_head_with(const ScanKernel& kernel, std::string_view bytes,
                                  const HeadLimits& limits, std::uint32_t& scanned,
                                  RequestHead& head);

HeadError parse_response_head_with(const ScanKernel& kernel, std::string_view bytes,
                                   const HeadLimits& limits, Method request_method,
                                   std::uint32_t& scanned, ResponseHead& head);

}  // namespace ringway::http
