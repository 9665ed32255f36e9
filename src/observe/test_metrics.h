#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "observe/metrics.h"

// For tests: what a store's series say.
namespace penstock {

inline MergedMetrics merged(const MetricStore& store) {
  const std::vector<MetricCopy> copies{store.copy()};
  return merge(copies);
}

// The largest number if there is no such series.
inline std::uint64_t value_of(const MergedMetrics& metrics, Family family,
                              const std::vector<std::string>& labels) {
  for (const auto& series : metrics.series) {
    if (series.name->family == family && series.name->labels == labels) return series.cells[0];
  }
  return ~std::uint64_t{0};
}

}  // namespace penstock
