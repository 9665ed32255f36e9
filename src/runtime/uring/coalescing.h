#pragma once

#include <algorithm>
#include <chrono>

#include "base/duration.h"

namespace penstock {

// When a turn waits for company, rather than begin with the first completion: the more it finds,
// the less each costs, but the first waits meanwhile. So it is done only while turns find many
// anyway, as they do when a worker hardly pauses; when few are on their way nobody waits.
class Coalescing {
 public:
  // A wait is over as soon as enough() have come, or after so long.
  static constexpr Duration kPatience = std::chrono::microseconds(50);

  // What a turn received. Sends do not count: they mostly complete at once.
  void note(unsigned received) {
    usual_ += (received - usual_) / 8;
    most_ = std::max<double>(received, most_ - most_ / 16);
  }
  bool worth_it() const { return usual_ >= kCrowd; }
  // As many as lately came at most.
  unsigned enough() const { return static_cast<unsigned>(most_); }

 private:
  static constexpr double kCrowd = 12;
  double usual_ = 0;  // A smoothed mean.
  double most_ = 0;   // Forgets slowly.
};

}  // namespace penstock
