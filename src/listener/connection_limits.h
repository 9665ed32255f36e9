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
  ConnectionLimits(std::uint32_t most, std::optional<std::uint32_t> most_per_address) {
    change(most, most_per_address);
  }
  // For connections to come; those that are open stay.
  void change(std::uint32_t most, std::optional<std::uint32_t> most_per_address);

  enum class Verdict : std::uint8_t { admitted, full, address_full };
  struct Admission {
    Verdict verdict = Verdict::admitted;
    bool counted_by_address = false;
  };
  // One that was admitted is to be released, with the same address. In `place` of one that is being
  // closed it is admitted beyond the limit.
  enum class Place : std::uint8_t { own, of_another };
  Admission admit(const Address& peer, Place place = Place::own);
  void release(const Address& peer, Admission admission);

  std::uint32_t open() const { return open_.load(std::memory_order_relaxed); }
  std::uint32_t most() const { return most_.load(std::memory_order_relaxed); }

 private:
  bool admit_by_address(const IpAddress& ip, std::uint32_t most);

  std::atomic<std::uint32_t> most_{0};
  std::atomic<std::uint32_t> most_per_address_{0};  // 0: not counted.
  std::atomic<std::uint32_t> open_{0};
  std::mutex mutex_;  // Guards per_address_; held for one look-up.
  std::unordered_map<IpAddress, std::uint32_t> per_address_;
};

}  // namespace penstock
