#include "upstream/service.h"

#include <algorithm>
#include <unordered_set>

namespace penstock {

Service::Service(Loop& loop, MetricStore& store, const ServiceConfig& config, std::uint32_t workers)
    : loop_(loop),
      config_(config),
      series_(store, config.service_name.value),
      budget_(config.retry.budget.share()),
      count_{0, (config.pool.max_connections + workers - 1) / workers},
      turn_(loop.random().next()) {}

bool Service::retries_method(std::string_view method) const {
  return std::any_of(config_.retry.methods.begin(), config_.retry.methods.end(),
                     [&](const auto& listed) { return listed.value == method; });
}

std::uint32_t Service::choose(const EndpointSet& set, std::uint32_t avoid) {
  if (set.rounds.empty()) return kNone;
  auto best = kNone;
  int best_fault = 4;
  const auto first = turn_;
  for (std::size_t i = 0; i < set.rounds.size() && best_fault > 0; ++i) {
    const auto candidate = set.rounds[(first + i) % set.rounds.size()];
    const bool ejected = set.endpoints[candidate].state->ejected(loop_.now());
    const int fault = (ejected ? 2 : 0) + (candidate == avoid ? 1 : 0);
    if (fault >= best_fault) continue;
    best = candidate;
    best_fault = fault;
    turn_ = first + i + 1;
  }
  return best;
}

Pool& Service::pool(const EndpointSet& set, std::uint32_t endpoint) {
  if (adopted_ != set.edition) adopt(set);
  return *by_index_[endpoint];
}

void Service::adopt(const EndpointSet& set) {
  by_index_.clear();
  std::unordered_set<const Pool*> present;
  for (const auto& endpoint : set.endpoints) {
    auto& pool = pools_[endpoint.text];
    if (!pool) pool = std::make_unique<Pool>(loop_, config_.pool, count_, series_);
    by_index_.push_back(pool.get());
    present.insert(pool.get());
  }
  // What is gone is closed now, or at a later change when its last connection has come back.
  std::erase_if(pools_, [&](auto& entry) {
    auto& pool = *entry.second;
    if (present.contains(&pool)) return false;
    pool.close_idle();
    return pool.in_use() == 0;
  });
  adopted_ = set.edition;
}

bool Service::may_open() {
  if (count_.open < count_.most) return true;
  for (auto& [text, pool] : pools_)
    if (pool->evict()) return true;
  return false;
}

}  // namespace penstock
