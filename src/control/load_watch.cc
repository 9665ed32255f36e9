#include "control/load_watch.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "observe/operational_log.h"
#include "observe/process.h"
#include "overload/memory.h"
#include "overload/shedder.h"
#include "runtime/scheduling.h"

namespace penstock {
namespace {

// Of what the process may have: the rest is for what is not measured at once, and for others.
constexpr std::int64_t kDefaultTenths = 8;
// Sockets are counted as they come and go, the others now and then: some kernels can only list
// them.
constexpr Duration kCountEvery = std::chrono::seconds(10);
// How often memory that the allocator keeps is given back at the most.
constexpr Duration kFreeEvery = std::chrono::seconds(5);
// Overload is over once pressure has fallen as far.
constexpr double kOver = 0.8;

std::int64_t descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::int64_t>(limit.rlim_cur);
}

}  // namespace

LoadWatch::LoadWatch(Loop& loop, OffloadPool& pool, Budgets& budgets, MetricStore& store)
    : loop_(loop), pool_(pool), budgets_(budgets), store_(store) {
  for (std::size_t i = 0; i < kMeasured; ++i)
    gauges_[i] = store.gauge(Family::overload_pressure, {text_of(static_cast<Resource>(i))});
}

void LoadWatch::change(const OverloadConfig& config) {
  config_ = config;
  machine_ = memory_of_machine();
  look();
  if (budgets_.memory() < Shedder::kConnections) return;
  log_warn("overload.memory leaves nothing to serve with: that much is in use without a request",
           {{"limit_bytes", budgets_.memory_limit()}, {"used_bytes", budgets_.memory_used()}});
}

Task<void> LoadWatch::run(std::function<void()> relieve) {
  for (;;) {
    const auto rested = co_await sleep_for(loop_, kEvery);
    if (!rested) co_return;
    look();
    tell(pressures_);
    const auto short_of = std::max(pressures_[std::size_t(Resource::memory)],
                                   pressures_[std::size_t(Resource::descriptors)]);
    if (short_of < Shedder::kConnections) continue;
    relieve();
    if (budgets_.memory() >= Shedder::kConnections) free_memory();
  }
}

void LoadWatch::look() {
  const auto use = memory_use();
  const auto may_have = std::min(machine_, memory_of_address_space(use)) / 10 * kDefaultTenths;
  const auto memory = config_.memory ? static_cast<std::int64_t>(config_.memory->bytes) : may_have;
  budgets_.limit(memory, descriptor_limit(), config_.lag);
  budgets_.measured_memory(use.resident);
  if (loop_.now() >= next_count_) {
    next_count_ = loop_.now() + kCountEvery;
    budgets_.measured_descriptors(open_descriptors());
  }
  pressures_ = budgets_.pressures();
  for (std::size_t i = 0; i < kMeasured; ++i)
    store_.set(gauges_[i], static_cast<std::int64_t>(pressures_[i] * 1000));
}

void LoadWatch::tell(const Pressures& pressures) {
  for (std::size_t i = 0; i < kMeasured; ++i) {
    const bool now = pressures[i] >= (told_[i] ? kOver : Shedder::kConnections);
    if (now == told_[i]) continue;
    told_[i] = now;
    const auto resource = text_of(static_cast<Resource>(i));
    const auto share = fmt::format("{:.2f}", pressures[i]);
    if (now)
      log_warn("overload: work is turned away", {{"resource", resource}, {"pressure", share}});
    else
      log_info("overload is over", {{"resource", resource}, {"pressure", share}});
  }
}

// What was freed stays with the allocator, and so resident, unless it is asked for.
void LoadWatch::free_memory() {
  if (loop_.now() - freed_ < kFreeEvery) return;
  freed_ = loop_.now();
  pool_.submit([] {
    const GivingWay giving_way;
    malloc_trim(0);
  });
}

}  // namespace penstock
