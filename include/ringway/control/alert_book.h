// What receivers of alerts have been told and what they are owed: which troubles stand, what is a
// repeat, what has grown old. Pure: the time is an argument.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/config/config.h"
#include "ringway/observe/event.h"
#include "ringway/observe/event_line.h"

namespace ringway::control {

using config::Severity;

/// An event with the names that its places had when it was told.
struct AlertEvent {
    observe::Told told;
    std::string pool;
    std::string upstream;  // empty: of the whole pool
    std::string sentence;
};

/// What a receiver is sent.
struct Notice {
    enum class Status : std::uint8_t {
        firing,    // it stands
        resolved,  // it is over
        event,     // it happened; nothing stands for it, and nothing ends it
    };
    Status status = Status::event;
    Severity severity = Severity::info;
    observe::EventKind kind{};       // of what stands or stood
    AlertEvent event;                // the newest of it: that it began, or that it ended
    std::int64_t since_unix_ns = 0;  // when it began
    std::uint32_t repeats = 0;       // times that it happened since the last notice, untold
    std::uint32_t escalations = 0;
};

struct News {
    Notice notice;
    bool repeat = false;  // of what was told already: counted, not sent
};

/// A trouble is what an event of some kind says of an upstream or a pool, until an event of another
/// kind ends it. Receivers are told of each once in `dedup_window`; at its end, when something
/// happened meanwhile, how it stands then and how often it happened. One that stands for
/// `escalate_after` is told again with the next higher severity, and so on. Holds one entry for
/// each kind and place at most.
class AlertBook {
 public:
    explicit AlertBook(const config::Alerts& settings) : settings_(settings) {}

    void set(const config::Alerts& settings) { settings_ = settings; }

    void take(const AlertEvent& event, base::Instant now, std::vector<News>& out);
    /// What was taken and told until `now` by another book of these settings, the oldest first.
    void remember(std::span<const AlertEvent> events, base::Instant now);
    /// What became due.
    void tick(base::Instant now, std::vector<News>& out);
    /// When tick() has something to do next.
    std::optional<base::Instant> next_due() const;

    /// Forgets, untold, what is about places that fail keep(pool, upstream).
    template <class Keep>
    void retain(Keep keep) {
        std::erase_if(troubles_, [&](const auto& entry) {
            return !keep(entry.first.pool, entry.first.upstream);
        });
    }

 private:
    struct Key {
        std::string pool;
        std::string upstream;
        observe::EventKind kind{};
        auto operator<=>(const Key&) const = default;
    };
    struct Trouble {
        Severity severity = Severity::info;
        bool stands = false;
        bool told_standing = false;  // as receivers know it
        AlertEvent newest;
        std::int64_t since_unix_ns = 0;
        std::uint32_t repeats = 0;
        std::uint32_t escalations = 0;
        std::optional<base::Instant> window_end;
        std::optional<base::Instant> escalate_at;
    };
    using Entry = std::map<Key, Trouble>::value_type;

    bool end_others(const AlertEvent& event, std::vector<News>& out);
    void raise(const AlertEvent& event, base::Instant now, std::vector<News>& out);
    void tell(Entry& entry, base::Instant now, std::vector<News>& out);
    static Notice notice_of(const Entry& entry);

    config::Alerts settings_;
    std::map<Key, Trouble> troubles_;
};

/// The body of the POST. `host`: this machine's name.
std::string alert_body(const Notice& notice, config::WebhookFormat format, std::string_view host);

const char* name_of(Severity severity);

}  // namespace ringway::control
