#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/reason.h"
#include "runtime/usage.h"

namespace penstock {

// What can run out: the process's own, and a listener's connections.
enum class Resource : std::uint8_t { memory, descriptors, lag, connections };
inline constexpr std::size_t kMeasured = 3;  // All but the last, whose limit counts by itself.
std::string_view text_of(Resource resource);
const Reason& reason_of(Resource resource);

// How much of each is in use, as a share of what there is: 1 is all of it.
using Pressures = std::array<double, kMeasured>;

// What the process has and may have. Control measures now and then; in between the loops' counts
// tell what has come since. Any thread, apart from what is control's.
class Budgets {
 public:
  // --- Control, before the loops run: one of them. It outlives this.
  void add(const LoopUsage& usage) { loops_.push_back(&usage); }
  // --- Control.
  // The limits; a lag of zero is no limit.
  void limit(std::int64_t memory, std::int64_t descriptors, Duration lag);
  // What is in use now.
  void measured_memory(std::int64_t bytes);
  void measured_descriptors(std::int64_t count);

  // Memory and descriptors now, and the greatest lag of all loops.
  Pressures pressures() const;
  double memory() const;
  double descriptors() const;
  double lag(Duration lag) const;

  std::int64_t memory_limit() const { return memory_.limit.load(std::memory_order_relaxed); }
  std::int64_t memory_used() const;
  std::int64_t descriptor_limit() const {
    return descriptors_.limit.load(std::memory_order_relaxed);
  }
  std::int64_t descriptors_used() const;

 private:
  // Measured, together with what the loops' counts said then.
  struct Budget {
    std::atomic<std::int64_t> limit{0};
    std::atomic<std::int64_t> measured{0};
    std::atomic<std::int64_t> counted{0};
  };
  static void measured(Budget& budget, std::int64_t measured, std::int64_t counted);
  static std::int64_t used(const Budget& budget, std::int64_t since);
  static double share(const Budget& budget, std::int64_t used);
  std::int64_t buffers() const;
  std::int64_t sockets() const;

  std::vector<const LoopUsage*> loops_;
  Budget memory_;
  Budget descriptors_;
  std::atomic<std::int64_t> lag_limit_{0};
};

}  // namespace penstock
