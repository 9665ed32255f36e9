#pragma once

#include "base/duration.h"

namespace penstock {

Duration read_clock(int clock);  // As clock_gettime(2) numbers them.

// The two clocks of a real loop, read together. The wall clock is asked ten times a second and
// follows the monotonic one in between: a clock read is a system call on some machines.
class Clocks {
 public:
  Clocks() { read(); }

  void read();
  Instant now() const { return now_; }
  WallTime wall() const { return wall_; }

 private:
  Instant now_{};
  WallTime wall_{};
  Instant wall_read_at_{};
  Duration wall_offset_{};
};

}  // namespace penstock
