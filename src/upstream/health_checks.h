#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "observe/metrics.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "upstream/endpoint.h"
#include "upstream/service_config.h"

namespace penstock {

// Asks endpoints again and again whether they are well, for the whole process: what it finds is in
// their EndpointState, where every worker sees it. An endpoint is well until so many checks in a
// row have failed, and again after so many that passed. On one loop.
class HealthChecks {
 public:
  // Checks under way at the same time; others wait for one of those to end.
  static constexpr std::size_t kMost = 256;

  // `tls_worker`: whose TLS contexts the loop's thread may use.
  HealthChecks(Loop& loop, MetricStore& store, std::size_t tls_worker)
      : loop_(loop), store_(store), tls_worker_(tls_worker), changed_(loop) {}

  // Looks after the endpoints of those services that ask for it, and no longer after others, which
  // are taken for well. Those that stay keep their turn. The directory belongs to the services.
  void follow(const std::vector<ServiceConfig>& services, const Directory& directory);
  // Until it is cancelled.
  Task<void> run();

 private:
  struct Check {
    HealthCheckConfig config;
    std::shared_ptr<const EndpointSet> set;
    std::uint32_t endpoint = 0;
    std::uint32_t passed = 0;  // In a row.
    std::uint32_t failed = 0;
    bool over = false;

    const Endpoint& target() const { return set->endpoints[endpoint]; }
  };
  using CheckPointer = std::shared_ptr<Check>;
  struct Turn {
    Instant due;
    CheckPointer check;
    bool operator<(const Turn& other) const { return due > other.due; }
  };
  // Why an endpoint is not well; empty when it is. nullopt: that could not be found out.
  using Verdict = std::optional<std::string>;

  CheckPointer check_for(const HealthCheckConfig& config, std::shared_ptr<const EndpointSet> set,
                         std::uint32_t endpoint);
  Task<void> take_turn(CheckPointer check);
  Task<Verdict> ask(const Check& check);
  Task<Verdict> ask_http(const Check& check, std::unique_ptr<Stream> stream, Timeout timeout);
  void note(Check& check, const std::string& fault);
  Duration pause(const Check& check);

  Loop& loop_;
  MetricStore& store_;
  const std::size_t tls_worker_;
  std::map<std::pair<std::string, std::string>, CheckPointer> checks_;  // By service and address.
  std::priority_queue<Turn> turns_;  // The next first; those that are over are passed over.
  Signal changed_;
};

}  // namespace penstock
