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
  // What is past is due at the tick after those that are being fired.
  const auto due = std::max(tick_of(at), reached_ + 1);
  if (at <= at_tick(reached_)) timer.at_ = at_tick(due);
  place(timer, due);
}

void TimerWheel::disarm(Timer& timer) {
  timer.unlink();
}

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
  reached_ = std::max(tick_, static_cast<std::uint64_t>((now - start_).count() / kTick.count()));
  // Ticks at which nothing happens are not visited, however many there are.
  for (auto next = next_tick(); next <= reached_; next = next_tick()) {
    tick_ = next;
    if ((tick_ & (kSlots - 1)) == 0) cascade(1);
    fire_slot();
  }
  tick_ = reached_;
}

void TimerWheel::fire_slot() {
  const auto slot = tick_ & (kSlots - 1);
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

std::uint64_t TimerWheel::next_tick() const {
  // Exact within the lowest level; beyond it, the tick at which the next used slot cascades, which
  // is never later than what is in it. A lower level's slots always come first.
  for (int level = 0; level < kLevels; ++level) {
    const auto now = tick_ >> (kBits * level);
    const auto position = static_cast<int>(now & (kSlots - 1));
    const auto ahead = position + 1 < static_cast<int>(kSlots) ? used_[level] >> (position + 1) : 0;
    if (ahead != 0)
      return (now + 1 + static_cast<std::uint64_t>(std::countr_zero(ahead))) << (kBits * level);
  }
  // Only the highest level goes round: what is behind there comes in the next round.
  const auto behind = used_[kLevels - 1];
  if (behind == 0) return kNoTick;
  const auto round = (tick_ >> (kBits * kLevels)) + 1;
  const auto slot = static_cast<std::uint64_t>(std::countr_zero(behind));
  return (round << (kBits * kLevels)) + (slot << (kBits * (kLevels - 1)));
}

Instant TimerWheel::next() const {
  const auto tick = next_tick();
  return tick == kNoTick ? kNever : at_tick(tick);
}

}  // namespace penstock
