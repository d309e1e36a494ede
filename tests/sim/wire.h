// A reader of HTTP/1.1 messages for the scripted peers, written apart from the product's own
// parsers so that it can judge them: it accepts only what RFC 9112 calls well-formed. Pure;
// single-threaded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::sim {

struct WireHead {
    std::string start_line;
    std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
    /// The value of the only field of this name; "" when there is none.
    std::string_view value(std::string_view name) const;
    bool has(std::string_view name) const;
    /// Of a status line; 0 when it is none.
    int status() const;
};

/// Where the parts of the messages go.
class WireSink {
 public:
    virtual void on_head(
        const WireHead& head) = 0;  // interim (1xx) responses too; nothing follows those
    virtual void on_body(std::string_view bytes) = 0;
    virtual void on_end() = 0;
    /// True when the response that begins answers a HEAD.
    virtual bool answers_head() = 0;

 protected:
    ~WireSink() = default;
};

class WireReader {
 public:
    enum class Side : std::uint8_t { requests, responses };
    WireReader(Side side, WireSink& sink) : side_(side), sink_(sink) {}

    /// Reads on; after an error, nothing more.
    void feed(std::string_view bytes);
    /// The stream ended. False when that cuts a message.
    bool feed_end();
    /// Why the bytes are no message; "" when they are.
    const std::string& error() const { return error_; }
    /// True between messages.
    bool at_boundary() const { return at_ == At::head && pending_.empty(); }
    /// Nothing more will be read (a sink closed its connection).
    void stop() { at_ = At::stopped; }

 private:
    enum class At : std::uint8_t {
        head,
        length,
        until_close,
        chunk_size,
        chunk_bytes,
        chunk_end,
        trailers,
        stopped,
    };
    bool step();
    bool read_head();
    void begin_body(const WireHead& head);
    bool read_counted(At next);
    bool read_chunk_size();
    bool read_trailer();
    void finish();
    bool fail(std::string why);

    Side side_;
    WireSink& sink_;
    At at_ = At::head;
    std::string pending_;
    std::uint64_t left_ = 0;
    std::string error_;
};

/// Parses head bytes, the empty line included; "" or what is wrong.
std::string parse_wire_head(std::string_view bytes, WireHead& head);

}  // namespace ringway::sim
