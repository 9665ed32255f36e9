#include "runtime/clocks.h"

#include <ctime>

namespace penstock {
namespace {

constexpr Duration kWallEvery = std::chrono::milliseconds(100);

}  // namespace

Duration read_clock(int clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void Clocks::read() {
  now_ = Instant(read_clock(CLOCK_MONOTONIC));
  if (wall_read_at_ == Instant{} || now_ - wall_read_at_ >= kWallEvery) {
    wall_read_at_ = now_;
    wall_offset_ = read_clock(CLOCK_REALTIME) - now_.time_since_epoch();
  }
  wall_ = WallTime(now_.time_since_epoch() + wall_offset_);
}

}  // namespace penstock
