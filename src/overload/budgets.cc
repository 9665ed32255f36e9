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

void Budgets::measured_memory(std::int64_t bytes) {
  measured(memory_, bytes, buffers());
}

void Budgets::measured_descriptors(std::int64_t count) {
  measured(descriptors_, count, sockets());
}

void Budgets::measured(Budget& budget, std::int64_t measured, std::int64_t counted) {
  budget.counted.store(counted, std::memory_order_relaxed);
  budget.measured.store(measured, std::memory_order_relaxed);
}

Pressures Budgets::pressures() const {
  std::int64_t longest = 0;
  for (const auto* loop : loops_) longest = std::max(longest, loop->lag.value());
  return {memory(), descriptors(), lag(Duration(longest))};
}

double Budgets::memory() const {
  return share(memory_, memory_used());
}

double Budgets::descriptors() const {
  return share(descriptors_, descriptors_used());
}

double Budgets::lag(Duration lag) const {
  const auto limit = lag_limit_.load(std::memory_order_relaxed);
  return limit > 0 ? static_cast<double>(lag.count()) / static_cast<double>(limit) : 0;
}

// Buffers that have gone since may be with the allocator still, so they do not count as free.
std::int64_t Budgets::memory_used() const {
  const auto since = buffers() - memory_.counted.load(std::memory_order_relaxed);
  return used(memory_, std::max<std::int64_t>(since, 0));
}

std::int64_t Budgets::descriptors_used() const {
  return used(descriptors_, sockets() - descriptors_.counted.load(std::memory_order_relaxed));
}

std::int64_t Budgets::used(const Budget& budget, std::int64_t since) {
  return budget.measured.load(std::memory_order_relaxed) + since;
}

double Budgets::share(const Budget& budget, std::int64_t used) {
  const auto limit = budget.limit.load(std::memory_order_relaxed);
  return limit > 0 ? static_cast<double>(used) / static_cast<double>(limit) : 0;
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
