// Many cheap timers: a hashed wheel (Varghese and Lauck, 1987, scheme 6) with lazy re-filing.
// Setting a deadline later than the slot that the timer already stands in is one store; most timers
// are moved on long before they fire. Single-threaded; `now` is an argument.
#pragma once

#include <array>
#include <cstdint>

#include "ringway/base/intrusive_list.h"
#include "ringway/base/time.h"

namespace ringway::base {

struct TimerTag;

/// Embedded in its owner; fires once per set(). Use TimerOf to bind a handler.
class Timer : public ListLink<TimerTag> {
 public:
    using Handler = void (*)(Timer&);
    explicit Timer(Handler handler) : handler_(handler) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() {
        if (linked()) unlink();
    }
    Instant deadline() const { return deadline_; }

 private:
    friend class TimerWheel;
    Handler handler_;
    Instant deadline_ = kNever;
    std::int64_t filed_tick_ = 0;
};

template <auto handler>
class TimerOf;
template <class Owner, void (Owner::*handler)()>
class TimerOf<handler> : public Timer {
 public:
    explicit TimerOf(Owner& owner)
        : Timer([](Timer& timer) { (static_cast<TimerOf&>(timer).owner_.*handler)(); }),
          owner_(owner) {}

 private:
    Owner& owner_;
};

class TimerWheel {
 public:
    explicit TimerWheel(Instant now) : current_tick_(tick_of(now)) {}

    /// Fires at the first expire() whose `now` is at or past `deadline` (and at most one tick, 16.8
    /// ms, later than that when expire() is called as next() says). kNever: not at all.
    void set(Timer& timer, Instant deadline);
    void clear(Timer& timer) { timer.deadline_ = kNever; }

    /// When expire() should be called next; kNever when no timer stands in the wheel.
    Instant next() const;
    /// Runs the handlers of all timers that are due.
    void expire(Instant now);

 private:
    // 16.8 ms
    static constexpr int kTickShift = 24;
    // horizon 68.7 s; later deadlines are filed again on the way
    static constexpr std::int64_t kSlots = 4096;

    static std::int64_t tick_of(Instant at) { return at.time_since_epoch().count() >> kTickShift; }
    void file(Timer& timer);
    void expire_slot(std::size_t slot, Instant now);

    std::int64_t current_tick_;
    std::array<IntrusiveList<Timer, TimerTag>, kSlots> slots_;
    mutable std::array<std::uint64_t, kSlots / 64> occupied_{};
};

}  // namespace ringway::base
