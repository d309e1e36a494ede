// Where a message's body ends, for each framing: length, chunked, until close. Fed with received
// bytes, yields payload.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ringway/http/chunked.h"
#include "ringway/http/head.h"

namespace ringway::forward {

class BodyReader {
 public:
    void start(http::Framing framing, std::uint64_t length) {
        framing_ = framing;
        left_ = framing == http::Framing::length ? length : 0;
        done_ = framing == http::Framing::none || (framing == http::Framing::length && length == 0);
        failed_ = false;
        decoder_ =
            framing == http::Framing::chunked ? std::make_unique<http::ChunkedDecoder>() : nullptr;
    }

    http::Framing framing() const { return framing_; }
    /// The last byte of the body was read.
    bool done() const { return done_; }
    /// The chunked coding is broken; nothing more can be read.
    bool failed() const { return failed_; }
    /// Bytes still to come, for Framing::length.
    std::uint64_t left() const { return left_; }

    /// Takes a piece of payload off the front of `bytes`; empty when only framing was read. To be
    /// called until `bytes` is empty, done() or failed().
    std::string_view take(std::string_view& bytes) {
        switch (framing_) {
            case http::Framing::none:
                return {};
            case http::Framing::until_close: {
                const std::string_view payload = bytes;
                bytes = {};
                return payload;
            }
            case http::Framing::length: {
                const auto size =
                    static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
                const std::string_view payload = bytes.substr(0, size);
                bytes.remove_prefix(size);
                skip(size);
                return payload;
            }
            case http::Framing::chunked: {
                const auto step = decoder_->next(bytes);
                bytes.remove_prefix(step.consumed);
                done_ = step.state == http::ChunkedDecoder::State::done;
                failed_ = step.state == http::ChunkedDecoder::State::error;
                return step.payload;
            }
        }
        return {};
    }

    /// `size` bytes of a body of known length went by without being looked at (splice).
    void skip(std::uint64_t size) {
        left_ -= size;
        done_ = left_ == 0;
    }

    /// The peer closed: the end of an until-close body.
    void close() { done_ = done_ || framing_ == http::Framing::until_close; }

    std::string_view trailers() const {
        return decoder_ ? decoder_->trailers() : std::string_view();
    }

 private:
    std::unique_ptr<http::ChunkedDecoder> decoder_;
    std::uint64_t left_ = 0;
    http::Framing framing_ = http::Framing::none;
    bool done_ = true;
    bool failed_ = false;
};

}  // namespace ringway::forward
