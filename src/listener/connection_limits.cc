#include "listener/connection_limits.h"

namespace penstock {

ConnectionLimits::Verdict ConnectionLimits::admit(const Address& peer) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= most_) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::full;
  }
  const auto ip = peer.ip();
  if (!most_per_address_ || !ip) return Verdict::admitted;
  const std::lock_guard lock(mutex_);
  auto& count = per_address_[*ip];
  if (count < *most_per_address_) {
    ++count;
    return Verdict::admitted;
  }
  open_.fetch_sub(1, std::memory_order_relaxed);
  return Verdict::address_full;
}

void ConnectionLimits::release(const Address& peer) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  const auto ip = peer.ip();
  if (!most_per_address_ || !ip) return;
  const std::lock_guard lock(mutex_);
  const auto found = per_address_.find(*ip);
  if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
}

}  // namespace penstock
