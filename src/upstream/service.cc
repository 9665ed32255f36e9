#include "upstream/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace penstock {

Service::Service(Loop& loop, MetricStore& store, const ServiceConfig& config, std::uint32_t workers,
                 std::uint32_t worker)
    : loop_(loop),
      workers_(workers),
      worker_(worker),
      series_(store, config.service_name.value),
      budget_(config.retry.budget.share()),
      balance_(config.load_balancing.strategy, loop.random()),
      set_(std::make_shared<EndpointSet>()) {
  configure(config);
}

void Service::configure(const ServiceConfig& config) {
  budget_.set_share(config.retry.budget.share());
  balance_.use(config.load_balancing.strategy, config.load_balancing.panic_threshold.share());
  terms_.most = (config.pool.max_connections + workers_ - 1) / workers_;
  while (terms_.open > terms_.most && evict()) {
  }
  if (terms_.idle_timeout == config.pool.idle_timeout) return;
  terms_.idle_timeout = config.pool.idle_timeout;
  for (auto& [endpoint, pool] : pools_) pool->hasten();
}

void Service::adopt(const std::shared_ptr<const EndpointSet>& set) {
  if (set == set_) return;
  // All workers share the set, and its count would travel between them with every call. So they
  // hold one count each, and it goes up and down within.
  set_ = {std::make_shared<std::shared_ptr<const EndpointSet>>(set), set.get()};
  by_index_.clear();
  std::unordered_set<const Pool*> present;
  for (const auto& endpoint : set_->endpoints) {
    by_index_.push_back(&pool_of(*set_, endpoint));
    present.insert(by_index_.back());
  }
  // What is gone is closed now, or at a later change when its last connection has come back.
  std::erase_if(pools_, [&](auto& entry) {
    auto& pool = *entry.second;
    if (present.contains(&pool)) return false;
    pool.close_idle();
    return pool.in_use() == 0;
  });
}

void Service::retire() {
  terms_.idle_timeout = {};
  for (auto& [endpoint, pool] : pools_) pool->close_idle();
}

Pool& Service::pool(const EndpointSet& set, std::uint32_t endpoint) {
  if (&set == set_.get()) return *by_index_[endpoint];
  return pool_of(set, set.endpoints[endpoint]);  // A try goes on with what it began with.
}

Pool& Service::pool_of(const EndpointSet& set, const Endpoint& endpoint) {
  auto& pool =
      pools_[set.tls ? fmt::format("{} tls {}", endpoint.text, set.tls->edition()) : endpoint.text];
  if (!pool) pool = std::make_unique<Pool>(loop_, terms_, series_);
  return *pool;
}

void Service::tls_failed(const Endpoint& endpoint, const HandshakeFailure& failure) {
  series_.connect_ended(ConnectOutcome::tls_failed);
  if (!log_failures_.passes(loop_.now())) return;
  log_warn("TLS to a service failed", {{"service", name()},
                                       {"endpoint", endpoint.text},
                                       {"reason", text_of(failure.kind)},
                                       {"detail", failure.detail},
                                       {"held_back", log_failures_.held_back()}});
}

bool Service::evict() {
  return std::any_of(pools_.begin(), pools_.end(),
                     [](auto& entry) { return entry.second->evict(); });
}

std::vector<std::shared_ptr<Service>> Services::adopt(const std::vector<ServiceConfig>& configs) {
  std::vector<std::shared_ptr<Service>> adopted;
  std::unordered_map<std::string, std::shared_ptr<Service>> by_name;
  for (const auto& config : configs) {
    const auto& name = config.service_name.value;
    auto known = by_name_.extract(name);
    auto service = known ? std::move(known.mapped())
                         : std::make_shared<Service>(loop_, store_, config, workers_, worker_);
    if (known) service->configure(config);
    adopted.push_back(service);
    by_name.emplace(name, std::move(service));
  }
  for (auto& [name, vanished] : by_name_) vanished->retire();
  by_name_ = std::move(by_name);
  followed_ = 0;  // New ones have no endpoints yet.
  return adopted;
}

void Services::follow(const Directory& directory) {
  if (directory.edition == followed_) return;
  followed_ = directory.edition;
  for (const auto& set : directory.services) {
    const auto known = by_name_.find(set->service);
    if (known != by_name_.end()) known->second->adopt(set);
  }
}

}  // namespace penstock
