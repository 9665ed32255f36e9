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
std::int64_t descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::int64_t>(limit.rlim_cur);
}

}  // namespace

LoadWatch::LoadWatch(Loop& loop, OffloadPool& pool, Budgets& budgets, MetricStore& store)
    : loop_(loop), pool_(pool), budgets_(budgets), store_(store) {
  calm_looks_.fill(kCalmLooks);
  for (std::size_t i = 0; i < kMeasured; ++i)
    gauges_[i] = store.gauge(Family::overload_pressure, {text_of(static_cast<Resource>(i))});
}

void LoadWatch::change(const OverloadConfig& config) {
  config_ = config;
  machine_ = memory_of_machine();
  look();
  if (budgets_.memory() < Shedder::kConnections) return;
  log_warn("overload.memory is nearly in use already: work is turned away",
           {{"limit_bytes", budgets_.memory_limit()}, {"used_bytes", budgets_.memory_used()}});
}

Task<void> LoadWatch::run(std::function<void()> relieve) {
  for (;;) {
    const auto rested = co_await sleep_for(loop_, kEvery);
    if (!rested) co_return;
    look();
    tell();
    const bool memory = is_short(Resource::memory);
    if (memory || is_short(Resource::descriptors)) relieve();
    if (memory) free_memory();
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

bool LoadWatch::is_short(Resource resource) const {
  const auto from = resource == Resource::lag ? Shedder::kRequests : Shedder::kConnections;
  return pressures_[static_cast<std::size_t>(resource)] >= from;
}

// What comes and goes within a second is told once.
void LoadWatch::tell() {
  for (std::size_t i = 0; i < kMeasured; ++i) {
    const auto resource = static_cast<Resource>(i);
    const auto share = fmt::format("{:.2f}", pressures_[i]);
    if (is_short(resource)) {
      if (calm_looks_[i] >= kCalmLooks)
        log_warn("overload: work is turned away",
                 {{"resource", text_of(resource)}, {"pressure", share}});
      calm_looks_[i] = 0;
    } else if (calm_looks_[i] < kCalmLooks && ++calm_looks_[i] == kCalmLooks) {
      log_info("overload is over", {{"resource", text_of(resource)}, {"pressure", share}});
    }
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
