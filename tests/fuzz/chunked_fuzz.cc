// Any bytes as a chunked body: one answer for every cut, and what was decoded, written anew,
// decodes to the same.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "ringway/base/assert.h"
#include "ringway/base/hash.h"
#include "ringway/http/chunked.h"

namespace ringway::http::fuzz {
namespace {

using State = ChunkedDecoder::State;

struct Result {
    State state = State::more;
    std::string payload;
    std::string trailers;
    std::size_t consumed = 0;
    bool operator==(const Result&) const = default;
};

/// Decodes in pieces of `piece_bytes`, each in memory of its own.
Result decode(std::string_view bytes, std::size_t first, std::size_t piece_bytes) {
    ChunkedDecoder decoder;
    Result result;
    std::size_t at = 0;
    while (at < bytes.size() && result.state == State::more) {
        const std::size_t wanted = at == 0 && first > 0 ? first : piece_bytes;
        const std::size_t size = std::min(wanted, bytes.size() - at);
        const auto piece = std::make_unique<char[]>(size);
        std::memcpy(piece.get(), bytes.data() + at, size);
        std::string_view rest(piece.get(), size);
        while (!rest.empty() && result.state == State::more) {
            const ChunkedDecoder::Step step = decoder.next(rest);
            RW_ASSERT(step.consumed <= rest.size());
            RW_ASSERT(step.consumed > 0 || step.state != State::more);
            RW_ASSERT(step.payload.size() <= step.consumed);
            result.payload += step.payload;
            result.consumed += step.consumed;
            result.state = step.state;
            rest.remove_prefix(step.consumed);
        }
        at += size;
    }
    if (result.state == State::done) result.trailers = decoder.trailers();
    if (result.state == State::error) result.consumed = 0;
    return result;
}

void check_written_anew(const Result& result) {
    std::string bytes;
    if (!result.payload.empty()) {
        char size[24];
        std::snprintf(size, sizeof(size), "%zx\r\n", result.payload.size());
        bytes = size + result.payload + "\r\n";
    }
    bytes += "0\r\n" + result.trailers + "\r\n";
    const Result again = decode(bytes, 0, bytes.size());
    RW_ASSERT(again.state == State::done);
    RW_ASSERT(again.payload == result.payload);
    RW_ASSERT(again.trailers == result.trailers);
    RW_ASSERT(again.consumed == bytes.size());
}

}  // namespace
}  // namespace ringway::http::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ringway::http;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const fuzz::Result whole = fuzz::decode(bytes, 0, size);
    const auto cut = static_cast<std::size_t>(ringway::base::hash_bytes(bytes) % (size + 1));
    RW_ASSERT(fuzz::decode(bytes, cut, size) == whole);
    RW_ASSERT(fuzz::decode(bytes, 0, 7) == whole);
    if (size <= 2000) RW_ASSERT(fuzz::decode(bytes, 0, 1) == whole);
    if (whole.state == fuzz::State::done) {
        RW_ASSERT(bytes.substr(0, whole.consumed).ends_with("\r\n"));
        fuzz::check_written_anew(whole);
    }
    return 0;
}
