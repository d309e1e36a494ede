// Any bytes as a response head: one answer for every kernel and cut, and one reading of the body
// that follows.
#include "head_oracle.h"

namespace ringway::http::fuzz {
namespace {

HeadError check(std::string_view bytes, const HeadLimits& limits, Method method,
                ResponseHead& head) {
    return check_one_answer(bytes, head,
                            [&](const ScanKernel& kernel, std::string_view piece,
                                std::uint32_t& scanned, ResponseHead& result) {
                                return parse_response_head_with(kernel, piece, limits, method,
                                                                scanned, result);
                            });
}

void check_framing(std::string_view bytes, Method method, const ResponseHead& head) {
    const PlainReading reading(bytes, head.fields);
    RW_ASSERT(bytes.starts_with("HTTP/1."));
    RW_ASSERT(head.status >= 100 && head.status <= 599);
    RW_ASSERT(head.has_content_length == (reading.lengths == 1));
    RW_ASSERT(!head.has_content_length || head.content_length == reading.length);
    const bool bodiless =
        method == Method::head || head.status < 200 || head.status == 204 || head.status == 304;
    if (bodiless) {
        RW_ASSERT(head.framing == Framing::none);
    } else if (reading.codings == 1) {
        RW_ASSERT(head.framing == Framing::chunked && head.minor_version == 1);
    } else if (reading.lengths == 1) {
        RW_ASSERT(head.framing == Framing::length);
    } else {
        RW_ASSERT(head.framing == Framing::until_close && !head.keep_alive);
    }
}

}  // namespace
}  // namespace ringway::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ringway::http;
    static ResponseHead head;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    fuzz::check(bytes, fuzz::kTightLimits, Method::get, head);
    for (const Method method : {Method::get, Method::head}) {
        if (fuzz::check(bytes, {}, method, head) == HeadError::none) {
            RW_ASSERT(head.size <= bytes.size());
            fuzz::check_framing(bytes.substr(0, head.size), method, head);
        }
    }
    return 0;
}
