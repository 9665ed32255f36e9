#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/tls/tls_stream.h"
#include "observe/operational_log.h"
#include "observe/series.h"
#include "runtime/loop.h"
#include "upstream/balance.h"
#include "upstream/endpoint.h"
#include "upstream/pool.h"
#include "upstream/retry_budget.h"
#include "upstream/service_config.h"

namespace penstock {

// One worker's view of a service: its endpoints, which is next, its pools and its retry
// budget. It belongs to the worker and outlives snapshots: see Services.
class Service {
 public:
  // `workers` share the service's connection limit.
  // `worker` is the worker's number.
  Service(Loop& loop, MetricStore& store, const ServiceConfig& config, std::uint32_t workers,
          std::uint32_t worker = 0);

  // What a snapshot says holds from here on, also for connections that are there already.
  void configure(const ServiceConfig& config);
  // What is known of its endpoints from here on.
  void adopt(const std::shared_ptr<const EndpointSet>& set);
  // No snapshot knows it any more. Calls under way may go on, but leave no connection behind.
  void retire();

  const std::string& name() const { return series_.name(); }
  ServiceSeries& series() { return series_; }
  RetryBudget& budget() { return budget_; }
  Loop& loop() { return loop_; }
  std::uint32_t worker() const { return worker_; }
  // The endpoint could not be spoken to by TLS.
  void tls_failed(const Endpoint& endpoint, const HandshakeFailure& failure);

  // As they are now. Whoever holds them across a wait copies the pointer, whose count is the
  // worker's own.
  const std::shared_ptr<const EndpointSet>& endpoints() const { return set_; }

  // The endpoint for a try: see Balance.
  static constexpr std::uint32_t kNone = Balance::kNone;
  std::uint32_t choose(const EndpointSet& set, const EndpointState* avoid) {
    return balance_.choose(set, avoid, loop_.now());
  }

  // The pool of an endpoint of this set.
  Pool& pool(const EndpointSet& set, std::uint32_t endpoint);
  // Room for one more connection, if need be by closing one that waits.
  bool may_open() { return terms_.open < terms_.most || evict(); }

 private:
  Pool& pool_of(const EndpointSet& set, const Endpoint& endpoint);
  bool evict();

  Loop& loop_;
  const std::uint32_t workers_;
  const std::uint32_t worker_;
  ServiceSeries series_;
  RetryBudget budget_;
  Balance balance_;
  PoolTerms terms_;
  std::shared_ptr<const EndpointSet> set_;
  std::vector<Pool*> by_index_;  // Of set_.
  // By address, and by the TLS it is spoken to by: a connection is for one only.
  std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
  Every log_failures_{std::chrono::seconds(1)};
};

// A worker's services. They are found again by name when a snapshot or a directory takes another's
// place, with their connections, budgets and counts. One that vanishes lives until its last call
// has ended; one that comes back after that is new.
class Services {
 public:
  Services(Loop& loop, MetricStore& store, std::uint32_t workers, std::uint32_t worker = 0)
      : loop_(loop), store_(store), workers_(workers), worker_(worker) {}

  // The services of a snapshot, in its order. Others are retired.
  std::vector<std::shared_ptr<Service>> adopt(const std::vector<ServiceConfig>& configs);
  // Gives them their endpoints, if it is another directory than before. One that the directory does
  // not know keeps what it has.
  void follow(const Directory& directory);

 private:
  Loop& loop_;
  MetricStore& store_;
  const std::uint32_t workers_;
  const std::uint32_t worker_;
  std::unordered_map<std::string, std::shared_ptr<Service>> by_name_;
  std::uint64_t followed_ = 0;  // A directory's edition.
};

}  // namespace penstock
