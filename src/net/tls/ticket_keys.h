#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/duration.h"

namespace penstock {

// The keys that session tickets are sealed with. Every worker has its own object and all have the
// same keys without asking each other: each period's key follows from a state that goes on by a
// one-way function at the period's end, so that old tickets cannot be opened by what is in memory
// later. For one thread.
class TicketKeys {
 public:
  static constexpr Duration kPeriod = std::chrono::hours(1);
  static constexpr std::size_t kSecret = 32;
  using Secret = std::array<unsigned char, kSecret>;

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };

  // `begin` and the secret are the same for all that share tickets.
  TicketKeys(const Secret& secret, Instant begin);
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  // What tickets are sealed with now.
  const Key& current(Instant now);
  // The key of that name: this period's or the one before; nullptr for any other.
  const Key* find(const unsigned char* name, Instant now);

 private:
  void go_on(Instant now);
  void step();

  Secret state_;
  Instant period_end_;
  Key current_{};
  Key previous_{};
  bool has_previous_ = false;
};

}  // namespace penstock
