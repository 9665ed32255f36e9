#pragma once

#include <cstdint>
#include <string_view>

#include "observe/metrics.h"

namespace penstock {

// Descriptors that this process has open.
std::int64_t open_descriptors();

// What the kernel knows of this process, under the names that Prometheus users expect. Belongs to
// one worker: control.
class ProcessSeries {
 public:
  ProcessSeries(MetricStore& store, std::string_view version);

  // Reads /proc: before each scrape, never on the request path.
  void sample();

 private:
  MetricStore& store_;
  Counter cpu_;
  Gauge resident_memory_;
  Gauge virtual_memory_;
  Gauge open_fds_;
  Gauge max_fds_;
  Gauge start_time_;
};

}  // namespace penstock
