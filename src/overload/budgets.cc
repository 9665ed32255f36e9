#include "overload/budgets.h"

#include <algorithm>

namespace penstock {

std::string_view text_of(Resource resource) {
  constexpr std::array<std::string_view, kMeasured + 1> texts{"memory", "descriptors", "lag",
                                                              "connections"};
  return texts[static_cast<std::size_t>(resource)];
}

const Reason& reason_of(Resource resource) {
  constexpr std::array<const Reason*, kMeasured + 1> all{
      &reasons::kOverloadMemory, &reasons::kOverloadDescriptors, &reasons::kOverloadLag,
      &reasons::kConnectionLimit};
  return *all[static_cast<std::size_t>(resource)];
}

void Budgets::limit(std::int64_t memory, std::int64_t descriptors, Duration lag) {
  memory_.limit.store(memory, std::memory_order_relaxed);
  descriptors_.limit.store(descriptors, std::memory_order_relaxed);
  lag_limit_.store(lag.count(), std::memory_order_relaxed);
}

void Budgets::measured(std::int64_t memory, std::int64_t descriptors) {
  memory_.counted.store(buffers(), std::memory_order_relaxed);
  memory_.measured.store(memory, std::memory_order_relaxed);
  descriptors_.counted.store(sockets(), std::memory_order_relaxed);
  descriptors_.measured.store(descriptors, std::memory_order_relaxed);
}

Pressures Budgets::pressures() const {
  std::int64_t longest = 0;
  for (const auto* loop : loops_) longest = std::max(longest, loop->lag.value());
  return {memory(), descriptors(), lag(Duration(longest))};
}

double Budgets::memory() const {
  return share(memory_, buffers());
}

double Budgets::descriptors() const {
  return share(descriptors_, sockets());
}

double Budgets::lag(Duration lag) const {
  const auto limit = lag_limit_.load(std::memory_order_relaxed);
  return limit > 0 ? static_cast<double>(lag.count()) / static_cast<double>(limit) : 0;
}

// What has gone since it was measured may be with the allocator still, so it does not count.
std::int64_t Budgets::used(const Budget& budget, std::int64_t counted) {
  const auto since = counted - budget.counted.load(std::memory_order_relaxed);
  return budget.measured.load(std::memory_order_relaxed) + std::max<std::int64_t>(since, 0);
}

double Budgets::share(const Budget& budget, std::int64_t counted) {
  const auto limit = budget.limit.load(std::memory_order_relaxed);
  return limit > 0 ? static_cast<double>(used(budget, counted)) / static_cast<double>(limit) : 0;
}

std::int64_t Budgets::buffers() const {
  std::int64_t sum = 0;
  for (const auto* loop : loops_) sum += loop->buffers.value();
  return sum;
}

std::int64_t Budgets::sockets() const {
  std::int64_t sum = 0;
  for (const auto* loop : loops_) sum += loop->sockets.value();
  return sum;
}

}  // namespace penstock
