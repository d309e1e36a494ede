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
    static constexpr int kCoarseTick = 24;  // 2^24 ns = 16.8 ms, horizon 68.7 s
    static constexpr int kFineTick = 16;    // 2^16 ns = 65.5 us, horizon 268 ms

    /// A tick is 2^`tick_shift` ns; deadlines beyond the horizon are filed again on the way.
    explicit TimerWheel(Instant now, int tick_shift = kCoarseTick)
        : tick_shift_(tick_shift), current_tick_(tick_of(now)) {}

    /// Fires at the first expire() whose `now` is at or past `deadline` (and at most one tick later
    /// than that when expire() is called as next() says). kNever: not at all.
    void set(Timer& timer, Instant deadline);
    void clear(Timer& timer) { timer.deadline_ = kNever; }

    /// When expire() should be called next; kNever when no timer stands in the wheel.
    Instant next() const;
    /// Runs the handlers of all timers that are due.
    void expire(Instant now);

 private:
    static constexpr std::int64_t kSlots = 4096;

    std::int64_t tick_of(Instant at) const { return at.time_since_epoch().count() >> tick_shift_; }
    void file(Timer& timer);
    void expire_slot(std::size_t slot, Instant now);

    const int tick_shift_;
    std::int64_t current_tick_;
    std::array<IntrusiveList<Timer, TimerTag>, kSlots> slots_;
    mutable std::array<std::uint64_t, kSlots / 64> occupied_{};
};

}  // namespace ringway::base
