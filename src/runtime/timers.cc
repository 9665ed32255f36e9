#include "runtime/timers.h"

#include <algorithm>
#include <bit>

namespace penstock {

std::uint64_t TimerWheel::tick_of(Instant at) const {
  if (at <= start_) return 0;
  const auto since = (at - start_).count();
  const auto tick = kTick.count();
  return static_cast<std::uint64_t>(since / tick + (since % tick != 0 ? 1 : 0));
}

void TimerWheel::arm(Timer& timer, Instant at) {
  timer.unlink();
  timer.at_ = at;
  if (at == kNever) return;
  place(timer, std::max(tick_of(at), tick_ + 1));
}

void TimerWheel::disarm(Timer& timer) { timer.unlink(); }

void TimerWheel::place(Timer& timer, std::uint64_t due) {
  // The level is the highest digit (of six bits) in which `due` differs from now.
  const auto farthest = tick_ + (std::uint64_t{1} << (kBits * kLevels)) - 1;
  due = std::min(due, farthest);
  const auto differing = due ^ tick_;
  const auto highest = differing == 0 ? 0 : 63 - std::countl_zero(differing);
  const int level = std::min(highest / kBits, kLevels - 1);
  const auto slot = (due >> (kBits * level)) & (kSlots - 1);
  wheel_[level][slot].push_back(timer);
  used_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::cascade(int level) {
  if (level == kLevels) return;
  const auto slot = (tick_ >> (kBits * level)) & (kSlots - 1);
  if (slot == 0) cascade(level + 1);
  Slot due;
  wheel_[level][slot].move_to(due);
  used_[level] &= ~(std::uint64_t{1} << slot);
  while (Timer* timer = due.pop_front()) place(*timer, std::max(tick_of(timer->at_), tick_));
}

void TimerWheel::advance(Instant now) {
  if (now < start_) return;
  const auto target = static_cast<std::uint64_t>((now - start_).count() / kTick.count());
  while (tick_ < target) {
    const auto idle = std::all_of(used_.begin(), used_.end(), [](auto bits) { return bits == 0; });
    if (idle) {
      tick_ = target;
      return;
    }
    ++tick_;
    const auto slot = tick_ & (kSlots - 1);
    if (slot == 0) cascade(1);
    if ((used_[0] & (std::uint64_t{1} << slot)) == 0) continue;
    Slot due;
    wheel_[0][slot].move_to(due);
    used_[0] &= ~(std::uint64_t{1} << slot);
    while (Timer* timer = due.pop_front()) {
      // Only a timer beyond the wheel's reach is met before its time.
      if (tick_of(timer->at_) > tick_)
        place(*timer, tick_of(timer->at_));
      else
        timer->fire();
    }
  }
}

Instant TimerWheel::next() const {
  // Exact within the lowest level; beyond it, the tick at which the next cascade happens, which is
  // never later than the first timer.
  const auto at_tick = [this](std::uint64_t tick) {
    return start_ + kTick * static_cast<std::int64_t>(tick);
  };
  const auto position = tick_ & (kSlots - 1);
  const auto ahead = position + 1 < kSlots ? used_[0] >> (position + 1) : 0;
  if (ahead != 0)
    return at_tick(tick_ + 1 + static_cast<std::uint64_t>(std::countr_zero(ahead)));
  const auto idle = std::all_of(used_.begin(), used_.end(), [](auto bits) { return bits == 0; });
  return idle ? kNever : at_tick((tick_ | (kSlots - 1)) + 1);
}

}  // namespace penstock
