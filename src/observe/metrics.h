#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/duration.h"
#include "observe/families.h"

// Metrics without locks or atomics: each worker counts in a store of its own, which only its thread
// touches. Control asks every worker, by message, for a copy and adds the copies up.
namespace penstock {

// Where labels end when there are too many values for them.
inline constexpr std::string_view kOtherLabel = "_other";

inline constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

// Handles: where in its store a series counts. Good for the store that made them, as long as it
// lives; a handle made by default counts nowhere and must not be used.
struct Counter {
  std::uint32_t slot = kNoSlot;
  explicit operator bool() const { return slot != kNoSlot; }
};
struct Gauge {
  std::uint32_t slot = kNoSlot;
  explicit operator bool() const { return slot != kNoSlot; }
};
struct Histogram {
  std::uint32_t slot = kNoSlot;
  Buckets buckets = Buckets::none;
  explicit operator bool() const { return slot != kNoSlot; }
};

// Which series it is. Never changes once made.
struct SeriesName {
  Family family;
  std::uint32_t slot;
  std::vector<std::string> labels;  // One value for each of the family's labels.
};

// One worker's counts at one moment. May be handed to another thread: the names it points to do not
// change, and it keeps them alive.
struct MetricCopy {
  std::shared_ptr<const std::deque<SeriesName>> owner;
  std::vector<const SeriesName*> series;
  std::vector<std::uint64_t> cells;
};

class MetricStore {
 public:
  static constexpr std::size_t kSeriesLimit = 20'000;
  static constexpr std::size_t kRoutesLimit = 1'000;

  explicit MetricStore(std::size_t series_limit = kSeriesLimit,
                       std::size_t routes_limit = kRoutesLimit);

  using Labels = std::initializer_list<std::string_view>;
  // Finds or makes a series, by a hash over strings: once, not per request. When the store is full,
  // answers the family's series whose labels are all `_other`.
  Counter counter(Family family, Labels labels = {});
  Gauge gauge(Family family, Labels labels = {});
  Histogram histogram(Family family, Labels labels = {});

  // The label for a route: the text itself for the first `routes_limit` different ones, then
  // `_other`. The view lives as long as the store.
  std::string_view admit_route(std::string_view route);

  void add(Counter counter, std::uint64_t n = 1) { cells_[counter.slot] += n; }
  // For totals that are kept elsewhere and only shown here.
  void set(Counter counter, std::uint64_t total) { cells_[counter.slot] = total; }
  void add(Gauge gauge, std::int64_t n) { cells_[gauge.slot] += static_cast<std::uint64_t>(n); }
  // Copies are added up, so only one worker may set a gauge; what many workers hold they add().
  void set(Gauge gauge, std::int64_t value) {
    cells_[gauge.slot] = static_cast<std::uint64_t>(value);
  }
  // A negative duration counts as zero.
  void observe(Histogram histogram, Duration duration);

  std::size_t series_count() const { return names_->size(); }
  MetricCopy copy() const;

 private:
  std::uint32_t find_or_make(Family family, Labels labels);
  std::uint32_t make(Family family, std::vector<std::string> labels, std::string key);

  std::size_t series_limit_;
  std::size_t routes_limit_;
  std::shared_ptr<std::deque<SeriesName>> names_;  // Only grows; a copy reads what was there.
  std::unordered_map<std::string, std::uint32_t> slots_;
  std::unordered_set<std::string> routes_;
  // A counter or gauge has one cell. A histogram has its buckets (not cumulative), then the sum in
  // nanoseconds as two cells, low and high: at 10,000 open streams 63 bits last ten days.
  std::vector<std::uint64_t> cells_;
};

// All workers' series together, ordered by family and labels, each once.
struct MergedMetrics {
  struct Series {
    const SeriesName* name;
    std::vector<std::uint64_t> cells;
  };
  std::vector<std::shared_ptr<const std::deque<SeriesName>>> owners;
  std::vector<Series> series;
};
MergedMetrics merge(std::span<const MetricCopy> copies);

}  // namespace penstock
