// Server-sent events out of a stream of bytes, in any pieces (WHATWG HTML 9.2). Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ringctl {

struct ServerEvent {
    std::string id;  // the last one that was set; "" before
    std::string kind;
    std::string data;
};

/// Single-threaded; holds at most kBytesMax of an event that has not ended.
class SseReader {
 public:
    static constexpr std::size_t kBytesMax = 1 << 20;

    explicit SseReader(std::function<void(const ServerEvent&)> on_event)
        : on_event_(std::move(on_event)) {}

    /// False when an event is longer than kBytesMax: the stream is none of ours.
    bool take(std::string_view bytes);

 private:
    void on_line(std::string_view line);
    void dispatch();

    std::function<void(const ServerEvent&)> on_event_;
    std::string line_;       // what has come of the current one
    bool after_cr_ = false;  // true exactly when the last byte was the CR that ended a line
    bool has_data_ = false;  // true exactly when the event has a data field
    bool at_start_ = true;   // true until the first line has ended: a byte order mark may be there
    ServerEvent event_;
};

}  // namespace ringctl
