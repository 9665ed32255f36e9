#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "net/address.h"

namespace penstock {

// How many connections a listener has, over all workers. Any thread; asked once per connection.
class ConnectionLimits {
 public:
  ConnectionLimits(std::uint32_t most, std::optional<std::uint32_t> most_per_address)
      : most_(most), most_per_address_(most_per_address) {}

  enum class Verdict : std::uint8_t { admitted, full, address_full };
  // One that was admitted is to be released with the same address.
  Verdict admit(const Address& peer);
  void release(const Address& peer);

  std::uint32_t open() const { return open_.load(std::memory_order_relaxed); }
  std::uint32_t most() const { return most_; }

 private:
  const std::uint32_t most_;
  const std::optional<std::uint32_t> most_per_address_;
  std::atomic<std::uint32_t> open_{0};
  std::mutex mutex_;  // Guards per_address_; held for one look-up.
  std::unordered_map<IpAddress, std::uint32_t> per_address_;
};

}  // namespace penstock
