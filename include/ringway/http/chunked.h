// Decoder of the chunked transfer coding (RFC 9112 7.1), fed with whatever pieces arrive. Pure;
// strict: any deviation is an error, sizes never wrap, extensions are checked and dropped, overhead
// is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringway::http {

class ChunkedDecoder {
 public:
    enum class State : std::uint8_t { more, done, error };

    struct Step {
        State state = State::more;
        std::size_t consumed = 0;  // bytes of the input that this step used
        std::string_view payload;  // part of those bytes that is body; may be empty
    };

    /// Uses a prefix of `bytes` and yields at most one payload piece. Call again with the rest
    /// until the input is used up, or the state is done (bytes behind `consumed` belong to the next
    /// message) or error.
    Step next(std::string_view bytes);

    /// The trailer section as received, without its final empty line, each line ended by CRLF and
    /// checked to be a well-formed field line; valid when done. Kept up to trailer_bytes_max, past
    /// which it is an error.
    std::string_view trailers() const { return trailers_; }

    void reset() { *this = ChunkedDecoder(); }

    static constexpr std::size_t kTrailerBytesMax = 16 * 1024;
    /// Of one chunk, the padding zeros of its size included.
    static constexpr std::size_t kExtensionBytesMax = 256;
    /// Extension bytes beyond payload bytes, over all chunks.
    static constexpr std::size_t kOverheadBytesMax = 16 * 1024;

 private:
    enum class At : std::uint8_t {
        size,
        size_space,
        extension,
        extension_quoted,
        extension_escape,
        size_lf,
        payload,
        payload_cr,
        payload_lf,
        trailer,
        done,
        failed
    };

    void take_line_byte(char c);
    void take_size_byte(char c);
    void take_extension_byte(char c);
    void end_size_line();
    void count_extension_byte();
    std::size_t take_trailer(std::string_view bytes);
    void end_trailer_line();

    At at_ = At::size;
    std::uint8_t digits_ = 0;  // significant size digits seen
    bool any_digit_ = false;
    std::uint16_t extension_bytes_ = 0;  // of the chunk being read
    // running surplus of extension bytes over payload bytes: the overhead attack bound
    std::uint32_t overhead_ = 0;
    std::uint32_t trailer_line_ = 0;  // where the trailer line being read starts in trailers_
    std::uint64_t left_ = 0;          // payload bytes of this chunk still to come
    std::string trailers_;
};

}  // namespace ringway::http
