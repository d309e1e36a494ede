// What a request is answered with: chosen by its path and query, or for all paths by POST
// /_control. Values and pure functions, but for Override, which is shared by the threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ringway/base/time.h"

namespace ringorigin {

using ringway::base::Duration;

enum class Mode : std::uint8_t {
    fixed,    // Content-Length
    chunked,  // pieces of chunk_bytes
    sse,      // text/event-stream, one chunk an event
    reset,    // RST, before any byte or after `after` bytes of the body
    stall,    // silence, from the start or after `after` bytes of the body
    close,    // a body that ends with the connection
    echo,     // the request's body
    headers,  // the request's head as JSON
};

struct Answer {
    Mode mode = Mode::fixed;
    std::uint16_t status = 200;        // 200 to 599
    std::uint64_t bytes = 128;         // of the body; at most kBytesMax
    std::uint64_t chunk_bytes = 4096;  // at most kChunkBytesMax
    std::uint32_t events = 10;
    Duration interval{0};  // between two events or chunks
    Duration delay{0};     // before the first byte
    std::optional<std::uint64_t> after;
    std::optional<std::uint32_t> retry_after_s;
    // true exactly when /_control leaves kHealthPath as it is: a slow or rate-limited service still
    // answers its health check, a failing one does not
    bool health_apart = false;
};

inline constexpr std::string_view kHealthPath = "/health";

inline constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 20;
/// Longer bodies carry no X-Checksum: it is computed once for each target, at about 1 ns a byte.
inline constexpr std::uint64_t kChecksumBytesMax = 64 * 1024 * 1024;
/// Bodies up to this size are sent in one piece with their head.
inline constexpr std::uint64_t kSmallBytesMax = 4096;
/// A request body that is sent back is at most this long.
inline constexpr std::uint64_t kEchoBytesMax = 64 * 1024 * 1024;

/// The answer called `kind` ("fixed", "slow", "429", ...; without a slash) with the parameters of
/// `query`; an unknown kind is the answer of "/". With `strict`, an unknown kind or parameter is an
/// error too. The error is a sentence.
std::expected<Answer, std::string> choose_answer(const Answer& standard, std::string_view kind,
                                                 std::string_view query, bool strict);

std::string_view name_of(Mode mode);

/// The head of an answer made ready, and its body where that is small.
struct Prepared {
    Answer answer;
    std::string head;  // status line and fields; framing and Connection fields and the empty line
                       // are to follow
    std::size_t date_at = 0;  // place of the Date value in it
    std::string body;         // all of the body when it has at most kSmallBytesMax bytes
};
Prepared prepare(const Answer& answer, std::string_view origin_name);

/// An answer for all paths, set at run time; empty at first. Any thread.
class Override {
 public:
    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
    std::optional<Answer> get() const {
        const std::lock_guard lock(mutex_);
        return answer_;
    }
    void set(const std::optional<Answer>& answer) {
        const std::lock_guard lock(mutex_);
        answer_ = answer;
        version_.fetch_add(1, std::memory_order_release);
    }

 private:
    mutable std::mutex mutex_;
    std::optional<Answer> answer_;
    std::atomic<std::uint64_t> version_{0};
};

/// The prepared answers of one thread, by target; it forgets all of them when it is full or the
/// override changes.
class AnswerBook {
 public:
    AnswerBook(const Answer& standard, std::string origin_name, Override& everywhere)
        : standard_(standard), origin_name_(std::move(origin_name)), everywhere_(everywhere) {}

    /// Valid until the next call.
    std::expected<const Prepared*, std::string> find(std::string_view target, std::string_view path,
                                                     std::string_view query);
    /// A JSON document; a POST changes what all other paths answer.
    std::expected<std::string, std::string> control(bool change, std::string_view query);
    const std::string& origin_name() const { return origin_name_; }
    const Answer& standard() const { return standard_; }

 private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    static constexpr std::size_t kEntriesMax = 1024;

    Answer standard_;
    std::string origin_name_;
    Override& everywhere_;
    std::uint64_t version_ = 0;
    std::optional<Prepared> override_;
    std::unordered_map<std::string, Prepared, Hash, std::equal_to<>> by_target_;
};

/// `text` between quotation marks; bytes above 0x7e are shown as the Latin-1 characters of their
/// value.
std::string json_string(std::string_view text);

}  // namespace ringorigin
