#pragma once

#include <array>
#include <cstdint>

#include "base/duration.h"
#include "base/list.h"
#include "runtime/operation.h"

namespace penstock {

// A hierarchical timer wheel with ticks of 10 ms: arming and disarming are a few instructions, and
// nothing is allocated. A timer fires up to one tick late, never early.
class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(10);

  explicit TimerWheel(Instant start) : start_(start) {}

  // (Re-)arms the timer; kNever disarms it.
  void arm(Timer& timer, Instant at);
  static void disarm(Timer& timer);

  // Fires all that is due. A timer armed by one that fires waits for a later call.
  void advance(Instant now);
  // When advance() has something to do next at the earliest; kNever if nothing is armed.
  Instant next() const;

 private:
  static constexpr int kLevels = 5;
  static constexpr int kBits = 6;
  static constexpr std::uint64_t kSlots = 1U
                                          << kBits;  // 64 slots: 0.64 s, 41 s, 44 min, 46 h, 124 d

  using Slot = List<Timer, TimerTag>;

  static constexpr std::uint64_t kNoTick = ~std::uint64_t{0};

  std::uint64_t tick_of(Instant at) const;  // Rounded up.
  Instant at_tick(std::uint64_t tick) const {
    return start_ + kTick * static_cast<std::int64_t>(tick);
  }
  // The next tick with something to fire or to cascade; kNoTick if nothing is armed.
  std::uint64_t next_tick() const;
  void place(Timer& timer, std::uint64_t due);
  void cascade(int level);
  void fire_slot();

  Instant start_;
  std::uint64_t tick_ = 0;     // The last tick that has been fired.
  std::uint64_t reached_ = 0;  // The tick up to which advance() is to fire, or has fired.
  std::array<std::array<Slot, kSlots>, kLevels> wheel_;
  std::array<std::uint64_t, kLevels> used_{};  // A bit for each slot that may hold something.
};

}  // namespace penstock
