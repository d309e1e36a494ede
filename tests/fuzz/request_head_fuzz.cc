// Any bytes as a request head: one answer for every kernel and cut, one reading of what follows,
// and an accepted head that is written anew from its parts means the same.
#include "head_oracle.h"

namespace ringway::http::fuzz {
namespace {

HeadError check(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
    return check_one_answer(bytes, head,
                            [&](const ScanKernel& kernel, std::string_view piece,
                                std::uint32_t& scanned, RequestHead& result) {
                                return parse_request_head_with(kernel, piece, limits, scanned,
                                                               result);
                            });
}

void check_framing(std::string_view bytes, const RequestHead& head) {
    const PlainReading reading(bytes, head.fields);
    if (reading.codings == 1) {
        RW_ASSERT(head.framing == Framing::chunked && head.minor_version == 1);
    } else if (reading.lengths == 1) {
        RW_ASSERT(head.framing == Framing::length && head.content_length == reading.length);
    } else {
        RW_ASSERT(head.framing == Framing::none);
    }
    std::size_t hosts = 0;
    for (const Field& field : head.fields) hosts += equals_any_case(field.name, "host");
    RW_ASSERT(hosts == 1 || (hosts == 0 && head.minor_version == 0));
    RW_ASSERT(!head.path.empty() && (head.path.front() == '/' || head.path == "*"));
    RW_ASSERT(head.target.find_first_of(std::string_view(" #\0\r\n\t\x7f", 7)) ==
              std::string_view::npos);
}

void check_written_anew(const RequestHead& head) {
    std::string bytes(head.method_text);
    bytes += " " + std::string(head.target) + (head.minor_version == 0 ? " HTTP/1.0" : " HTTP/1.1");
    bytes += "\r\n";
    for (const Field& field : head.fields) {
        bytes += std::string(field.name) + ": " + std::string(field.value) + "\r\n";
    }
    bytes += "\r\n";
    static RequestHead again;
    std::uint32_t scanned = 0;
    const HeadLimits limits = {.bytes_max = 1u << 20};
    RW_ASSERT(parse_request_head(bytes, limits, scanned, again) == HeadError::none);
    again.size = head.size;
    again.skipped = head.skipped;
    RW_ASSERT(test::shown(again) == test::shown(head));
}

}  // namespace
}  // namespace ringway::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ringway::http;
    static RequestHead head;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    fuzz::check(bytes, fuzz::kTightLimits, head);
    if (fuzz::check(bytes, {}, head) == HeadError::none) {
        RW_ASSERT(head.size <= bytes.size());
        fuzz::check_framing(bytes.substr(head.skipped, head.size - head.skipped), head);
        fuzz::check_written_anew(head);
    }
    return 0;
}
