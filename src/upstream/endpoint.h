#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "net/address.h"
#include "net/tls/client_tls.h"
#include "upstream/service_config.h"
#include "upstream/service_state.h"

namespace penstock {

// What the process knows of an endpoint's condition. One per service and address, shared by all
// workers and kept while the name lives, so that it outlives a snapshot. Any thread.
class EndpointState {
 public:
  static constexpr Duration kFirstEjection = std::chrono::seconds(1);
  static constexpr Duration kLongestEjection = std::chrono::seconds(30);

  bool ejected(Instant now) const {
    return ejected_until_.load(std::memory_order_relaxed) > now.time_since_epoch().count();
  }
  // A connect failed: no requests for a while that doubles with each failure in a row. True when it
  // was not ejected before.
  bool connect_failed(Instant now);
  void connect_succeeded() { forget(failures_); }

  // For a service with outlierEjection: a try had no good answer. True when so many have failed in
  // a row that it is to be ejected.
  bool try_failed(const OutlierEjectionConfig& config);
  void try_succeeded() {
    forget(failed_tries_);
    forget(ejections_);
  }
  // No requests for a while, which is longer each time in a row.
  void eject(const OutlierEjectionConfig& config, Instant now);

  // What health checks say; well until they do.
  bool unwell() const { return unwell_.load(std::memory_order_relaxed); }
  void set_unwell(bool unwell) { unwell_.store(unwell, std::memory_order_relaxed); }

  // Whether it should get requests.
  bool usable(Instant now) const { return !unwell() && !ejected(now); }

  // Tries that have it for their endpoint now, of all workers. Counted by InFlight.
  std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  friend class InFlight;

  static void forget(std::atomic<std::uint32_t>& count) {
    if (count.load(std::memory_order_relaxed) != 0) count.store(0, std::memory_order_relaxed);
  }

  alignas(64) std::atomic<std::int64_t> ejected_until_{0};
  std::atomic<bool> unwell_{false};
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<std::uint32_t> failed_tries_{0};  // In a row.
  std::atomic<std::uint32_t> ejections_{0};     // For those; in a row.
  // Written with every request, while the rest is mostly read.
  alignas(64) std::atomic<std::uint32_t> in_flight_{0};
};

// Counts one try at an endpoint for as long as it lives. The state must outlive it.
class InFlight {
 public:
  InFlight() = default;
  explicit InFlight(EndpointState& state) : state_(&state) {
    state.in_flight_.fetch_add(1, std::memory_order_relaxed);
  }
  InFlight(InFlight&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  InFlight& operator=(InFlight other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~InFlight() {
    if (state_ != nullptr) state_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  EndpointState* state_ = nullptr;
};

// One address at which a service is served.
struct Endpoint {
  Address address;
  std::string text;            // `10.0.0.1:8080`: in logs and metrics.
  std::uint32_t instance = 0;  // Which of the configured ones; those of one stand together.
  std::string host;            // As configured; without brackets.
  std::string authority;       // `orders.internal:8080`: as configured; Host for who sent none.
  std::uint32_t weight = 1;    // 0 gets nothing.
  bool taken_out = false;      // By hand: `healthy: false`. Its weight is 0.
  std::shared_ptr<EndpointState> state;

  bool healthy(Instant now) const { return !taken_out && state->usable(now); }
};

// Another number with every call. Any thread.
std::uint64_t next_edition();

// The endpoints of a service as they are known now. Immutable.
struct EndpointSet {
  std::string service;  // Its name.
  // In the order in which requests go round: each endpoint as often as its weight says, spread
  // evenly. Empty when no endpoint may get a request.
  std::vector<std::uint32_t> rounds;
  std::vector<Endpoint> endpoints;
  std::shared_ptr<ServiceState> state;   // Of the service.
  std::shared_ptr<const ClientTls> tls;  // How they are spoken to; nullptr: plain.
  std::uint64_t edition = 0;             // Another number for every set there ever was.

  // Fills `rounds` from the endpoints' weights, and takes an edition.
  void plan_rounds();
  // Whether one more may be ejected for its answers.
  bool may_eject(const OutlierEjectionConfig& config, Instant now) const;
  // The next endpoint, in a circle, that the same configured instance resolved to; itself when it
  // is the only one.
  std::uint32_t next_of_instance(std::uint32_t endpoint) const;
};

// All services' endpoints. What Published carries. It comes and goes apart from the snapshots, so
// that a service finds its endpoints by its name.
struct Directory {
  std::vector<std::shared_ptr<const EndpointSet>> services;
  std::uint64_t edition = next_edition();
};

}  // namespace penstock
