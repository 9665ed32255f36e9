#pragma once

#include <atomic>
#include <cstdint>

#include "base/duration.h"

namespace penstock {

// A number that one thread keeps and any thread may read.
class OwnCount {
 public:
  void add(std::int64_t change) { set(value() + change); }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// What a loop has in use now. Written by its thread, read by whoever adds up over all loops; on a
// cache line of its own.
struct alignas(64) LoopUsage {
  OwnCount buffers;  // Bytes of the blocks that are lent.
  OwnCount sockets;
  OwnCount lag;  // Nanoseconds; see Loop::lag().
};

}  // namespace penstock
