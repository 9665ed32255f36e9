#pragma once

#include <array>
#include <functional>

#include "observe/metrics.h"
#include "overload/budgets.h"
#include "overload/overload_config.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/task.h"

namespace penstock {

// Control's part of overload protection: measures what the process uses ten times a second, and
// has the workers give up what they can while something is short. Says in the log when that begins
// and ends.
class LoadWatch {
 public:
  static constexpr Duration kEvery = std::chrono::milliseconds(100);
  static constexpr int kCalmLooks = 10;  // After so many overload is over.

  // `pool` frees memory. All outlive this.
  LoadWatch(Loop& loop, OffloadPool& pool, Budgets& budgets, MetricStore& store);

  // From now on; by default and with each reload.
  void change(const OverloadConfig& config);
  // Until it is cancelled. `relieve` is called while something is short.
  Task<void> run(std::function<void()> relieve);

 private:
  void look();
  bool is_short(Resource resource) const;
  void tell();
  void free_memory();

  Loop& loop_;
  OffloadPool& pool_;
  Budgets& budgets_;
  MetricStore& store_;
  std::array<Gauge, kMeasured> gauges_;
  OverloadConfig config_;
  std::int64_t machine_ = 0;
  Pressures pressures_{};
  std::array<int, kMeasured> calm_looks_{};  // Since each was short, up to kCalmLooks.
  Instant freed_{};
  Instant next_count_{};
};

}  // namespace penstock
