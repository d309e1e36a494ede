// The scan kernel for any CPU, byte by byte: the reference that the vector kernels are tested
// against. Pure; any thread.
#include "chars.h"
#include "scan.h"

namespace ringway::http {
namespace {

const char* end_of(const ByteClass& bytes, const char* at, const char* end) {
    while (at != end && in_class(bytes, *at)) ++at;
    return at;
}

const char* target_end(const char* begin, const char* end) {
    return end_of(kTargetBytes, begin, end);
}

FieldLines field_lines(const char* begin, const char* end, Field* fields,
                       std::uint32_t fields_max) {
    std::uint32_t count = 0;
    for (const char* line = begin;;) {
        const char* stop = end_of(kTokenBytes, line, end);
        if (stop - line > kFieldNameBytesMax) return {HeadError::head_too_large};
        if (stop == end || *stop != ':' || stop == line) {
            const HeadError error = judge_line_start(line, stop, end);
            if (error != HeadError::none) return {error};
            return {HeadError::none, count, line + 2};
        }
        if (count == fields_max) return {HeadError::too_many_fields};
        const char* value_end = end_of(kValueBytes, stop + 1, end);
        const HeadError error = judge_value_end(value_end, end);
        if (error != HeadError::none) return {error};
        store_field(fields[count++], line, stop, value_end);
        line = value_end + 2;
    }
}

}  // namespace

constinit const ScanKernel kScalarKernel = {"scalar", target_end, field_lines};

}  // namespace ringway::http
