#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "observe/series.h"
#include "runtime/loop.h"
#include "runtime/published.h"
#include "upstream/endpoint.h"
#include "upstream/pool.h"
#include "upstream/retry_budget.h"
#include "upstream/service_config.h"

namespace penstock {

// One worker's view of a service: its turn in the round, its pools and its retry budget. It belongs
// to the worker and outlives snapshots.
class Service {
 public:
  // `workers` share the service's connection limit.
  Service(Loop& loop, MetricStore& store, const ServiceConfig& config, std::uint32_t workers);

  const ServiceConfig& config() const { return config_; }
  const std::string& name() const { return config_.service_name.value; }
  ServiceSeries& series() { return series_; }
  RetryBudget& budget() { return budget_; }
  Loop& loop() { return loop_; }

  // Whether a request with this method may be sent twice.
  bool retries_method(std::string_view method) const;

  // The endpoint whose turn it is, as an index into the set; kNone when there is none. Ejected ones
  // are passed over, unless all are: then the service is worth a try all the same. `avoid` (the
  // endpoint of the try before) is taken only if there is no other.
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::uint32_t choose(const EndpointSet& set, std::uint32_t avoid);

  // The pool of an endpoint of this set.
  Pool& pool(const EndpointSet& set, std::uint32_t endpoint);
  // Room for one more connection, if need be by closing one that waits.
  bool may_open();

 private:
  void adopt(const EndpointSet& set);

  Loop& loop_;
  const ServiceConfig config_;
  ServiceSeries series_;
  RetryBudget budget_;
  ConnectionCount count_;
  std::uint64_t turn_;
  std::uint64_t adopted_ = 0;  // The edition of the set that by_index_ is of.
  std::vector<Pool*> by_index_;
  std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
};

}  // namespace penstock
