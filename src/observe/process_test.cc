#include "observe/process.h"

#include <gtest/gtest.h>

#include <chrono>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(ProcessSeries, KnowsThisProcess) {
  MetricStore store;
  ProcessSeries process(store, "0.1.0");
  process.sample();
  const auto cells = store.copy().cells;
  EXPECT_GT(cells[store.gauge(Family::process_resident_memory).slot], 1'000'000U);
  EXPECT_GE(cells[store.gauge(Family::process_open_fds).slot], 3U);
  EXPECT_GE(cells[store.gauge(Family::process_max_fds).slot], 3U);
  EXPECT_GT(cells[store.counter(Family::process_cpu).slot], 0U);
  // After 2020, and not in the future by more than the rounding of ticks.
  const auto start = cells[store.gauge(Family::process_start_time).slot];
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_GT(start, 1'577'836'800'000'000'000U);
  EXPECT_LT(start, static_cast<std::uint64_t>(Duration(now + 1s).count()));
}

}  // namespace
}  // namespace penstock
