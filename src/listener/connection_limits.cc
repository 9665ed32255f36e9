#include "listener/connection_limits.h"

namespace penstock {

void ConnectionLimits::change(std::uint32_t most, std::optional<std::uint32_t> most_per_address) {
  most_.store(most, std::memory_order_relaxed);
  most_per_address_.store(most_per_address.value_or(0), std::memory_order_relaxed);
}

ConnectionLimits::Admission ConnectionLimits::admit(const Address& peer, Place place) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= most() && place == Place::own) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return {.verdict = Verdict::full};
  }
  const auto most_per_address = most_per_address_.load(std::memory_order_relaxed);
  const auto ip = peer.ip();
  if (most_per_address == 0 || !ip) return {};
  if (admit_by_address(*ip, most_per_address)) return {.counted_by_address = true};
  open_.fetch_sub(1, std::memory_order_relaxed);
  return {.verdict = Verdict::address_full};
}

bool ConnectionLimits::admit_by_address(const IpAddress& ip, std::uint32_t most) {
  const std::lock_guard lock(mutex_);
  auto& count = per_address_[ip];
  if (count >= most) return false;
  ++count;
  return true;
}

// By how it was admitted: the limit may have come or gone since.
void ConnectionLimits::release(const Address& peer, Admission admission) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (!admission.counted_by_address) return;
  const std::lock_guard lock(mutex_);
  const auto found = per_address_.find(*peer.ip());
  if (--found->second == 0) per_address_.erase(found);
}

}  // namespace penstock
