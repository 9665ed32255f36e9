#include "observe/metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "observe/test_metrics.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(MetricStore, FindsASeriesAgain) {
  MetricStore store;
  const auto one = store.counter(Family::config_applies, {"success"});
  EXPECT_EQ(one.slot, store.counter(Family::config_applies, {"success"}).slot);
  EXPECT_NE(one.slot, store.counter(Family::config_applies, {"failure"}).slot);
  EXPECT_NE(store.counter(Family::connections_refused, {"ab", "c"}).slot,
            store.counter(Family::connections_refused, {"a", "bc"}).slot);
}

TEST(MetricStore, EndsInOtherWhenItIsFull) {
  MetricStore store(2);
  store.add(store.counter(Family::upstream_reuses, {"a"}));
  store.add(store.counter(Family::upstream_reuses, {"b"}));
  for (const auto* service : {"c", "d", "e"})
    store.add(store.counter(Family::upstream_reuses, {service}));
  store.add(store.counter(Family::upstream_reuses, {"a"}));
  const auto metrics = merged(store);
  EXPECT_EQ(store.series_count(), 3U);
  EXPECT_EQ(value_of(metrics, Family::upstream_reuses, {"a"}), 2U);
  EXPECT_EQ(value_of(metrics, Family::upstream_reuses, {"_other"}), 3U);
}

TEST(MetricStore, HasAnEndOfRoutes) {
  MetricStore store(MetricStore::kSeriesLimit, 2);
  EXPECT_EQ(store.admit_route("a"), "a");
  EXPECT_EQ(store.admit_route("b"), "b");
  EXPECT_EQ(store.admit_route("c"), "_other");
  EXPECT_EQ(store.admit_route("a"), "a");
}

TEST(MetricStore, PutsAValueIntoTheBucketItDoesNotExceed) {
  MetricStore store;
  const auto histogram = store.histogram(Family::overhead, {"r"});
  store.observe(histogram, 50us);
  store.observe(histogram, 50us + 1ns);
  store.observe(histogram, 1h);
  store.observe(histogram, -1s);
  const auto cells = merged(store).series.at(0).cells;
  const auto bounds = bounds_of(Buckets::overhead);
  EXPECT_EQ(cells[0], 2U);
  EXPECT_EQ(cells[1], 1U);
  EXPECT_EQ(cells[bounds.size()], 1U);
  EXPECT_EQ(cells[bounds.size() + 1], static_cast<std::uint64_t>((1h + 100us + 1ns).count()));
}

TEST(Merge, AddsWhatWorkersCounted) {
  MetricStore one;
  MetricStore two;
  two.gauge(Family::upstream_connections, {"s", "idle"});  // So that slots differ.
  one.add(one.counter(Family::upstream_reuses, {"s"}), 2);
  two.add(two.counter(Family::upstream_reuses, {"s"}), 3);
  one.add(one.gauge(Family::connections, {"l", "idle"}), -4);
  two.add(two.gauge(Family::connections, {"l", "idle"}), 5);
  const std::vector<MetricCopy> copies{one.copy(), two.copy()};
  const auto metrics = merge(copies);
  EXPECT_EQ(metrics.series.size(), 3U);
  EXPECT_EQ(value_of(metrics, Family::upstream_reuses, {"s"}), 5U);
  EXPECT_EQ(value_of(metrics, Family::connections, {"l", "idle"}), 1U);
}

TEST(Merge, CarriesASumBeyond64Bits) {
  MetricStore store;
  const auto histogram = store.histogram(Family::overhead, {"r"});
  for (int i = 0; i < 3; ++i) store.observe(histogram, Duration::max());
  const std::vector<MetricCopy> copies{store.copy(), store.copy()};
  const auto cells = merge(copies).series.at(0).cells;
  const auto low = cells[cells.size() - 2];
  EXPECT_EQ(cells.back(), 2U);  // 6 × (2^63 - 1) = 3 × 2^64 - 6.
  EXPECT_EQ(low, ~std::uint64_t{0} - 5);
}

TEST(Merge, OutlivesTheStore) {
  std::vector<MetricCopy> copies;
  {
    MetricStore store;
    store.add(store.counter(Family::upstream_reuses, {"s"}), 7);
    copies.push_back(store.copy());
  }
  EXPECT_EQ(value_of(merge(copies), Family::upstream_reuses, {"s"}), 7U);
}

}  // namespace
}  // namespace penstock
