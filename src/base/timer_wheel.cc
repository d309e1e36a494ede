#include "ringway/base/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace ringway::base {

void TimerWheel::set(Timer& timer, Instant deadline) {
    timer.deadline_ = deadline;
    if (deadline == kNever) return;
    if (timer.linked()) {
        if (timer.filed_tick_ <= tick_of(deadline) + 1) return;
        timer.unlink();
    }
    file(timer);
}

void TimerWheel::file(Timer& timer) {
    // The slot after the deadline's own, so that the whole slot is due when its tick has come.
    const std::int64_t wanted = tick_of(timer.deadline_) + 1;
    timer.filed_tick_ = std::clamp(wanted, current_tick_ + 1, current_tick_ + kSlots - 1);
    const auto slot = static_cast<std::size_t>(timer.filed_tick_ % kSlots);
    slots_[slot].push_back(timer);
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

Instant TimerWheel::next() const {
    const auto first = static_cast<std::size_t>((current_tick_ + 1) % kSlots);
    constexpr std::size_t kWords = kSlots / 64;
    for (std::size_t i = 0; i <= kWords; ++i) {
        const std::size_t word = (first / 64 + i) % kWords;
        std::uint64_t bits = occupied_[word];
        if (i == 0) bits &= ~std::uint64_t{0} << (first % 64);
        while (bits != 0) {
            const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            if (const_cast<TimerWheel*>(this)
                    ->slots_[slot]
                    .empty()) {  // its timers were moved or destroyed
                occupied_[word] &= ~(std::uint64_t{1} << (slot % 64));
                bits &= bits - 1;
                continue;
            }
            const std::int64_t ahead =
                (static_cast<std::int64_t>(slot) - current_tick_ % kSlots + kSlots) % kSlots;
            return Instant(Duration((current_tick_ + ahead) << tick_shift_));
        }
    }
    return kNever;
}

void TimerWheel::expire(Instant now) {
    const std::int64_t now_tick = tick_of(now);
    if (now_tick <= current_tick_) return;
    const std::int64_t first = std::max(current_tick_ + 1, now_tick - kSlots + 1);
    current_tick_ = now_tick;
    for (std::int64_t tick = first; tick <= now_tick; ++tick) {
        const auto slot = static_cast<std::size_t>(tick % kSlots);
        if ((occupied_[slot / 64] & (std::uint64_t{1} << (slot % 64))) != 0) expire_slot(slot, now);
    }
}

void TimerWheel::expire_slot(std::size_t slot, Instant now) {
    occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    IntrusiveList<Timer, TimerTag> due;
    while (!slots_[slot].empty()) due.push_back(slots_[slot].pop_front());
    while (!due.empty()) {
        Timer& timer = due.pop_front();
        if (timer.deadline_ == kNever) continue;
        if (timer.deadline_ > now) {
            file(timer);
            continue;
        }
        timer.deadline_ = kNever;
        timer.handler_(timer);
    }
}

}  // namespace ringway::base
