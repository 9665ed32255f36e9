#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace penstock {

// Whole lines on their way from one worker to the log thread: one producer, one consumer, no lock
// and no system call. When it is full the line is not taken, and its owner counts that.
class LogRing {
 public:
  static constexpr std::size_t kDefaultSize = std::size_t{1024} * 1024;

  // `size` is rounded up to a power of two.
  explicit LogRing(std::size_t size = kDefaultSize)
      : size_(std::bit_ceil(std::max<std::size_t>(size, 64))),
        bytes_(std::make_unique_for_overwrite<char[]>(size_)) {}

  // The producer's. `line` ends with a newline and is taken whole or not at all.
  bool try_push(std::string_view line) {
    const auto head = head_.load(std::memory_order_relaxed);
    if (size_ - (head - tail_seen_) < line.size()) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (size_ - (head - tail_seen_) < line.size()) return false;
    }
    const auto at = head & (size_ - 1);
    const auto first = std::min(line.size(), size_ - at);
    std::memcpy(bytes_.get() + at, line.data(), first);
    std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
    head_.store(head + line.size(), std::memory_order_release);
    return true;
  }

  // The consumer's: what waits, in order, in two pieces because the ring may wrap within a line.
  // Together they are whole lines. Valid until pop().
  struct Waiting {
    std::string_view first;
    std::string_view second;
    std::size_t size() const { return first.size() + second.size(); }
  };
  Waiting waiting() const {
    const auto tail = tail_.load(std::memory_order_relaxed);
    const auto count = head_.load(std::memory_order_acquire) - tail;
    const auto at = tail & (size_ - 1);
    const auto first = std::min(count, size_ - at);
    return {{bytes_.get() + at, first}, {bytes_.get(), count - first}};
  }
  void pop(std::size_t count) {
    tail_.store(tail_.load(std::memory_order_relaxed) + count, std::memory_order_release);
  }

 private:
  // The producer's cache line, and the consumer's: each side writes only its own. Positions only
  // grow; their low bits are the place.
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;  // The producer's last look at tail_.
  const std::size_t size_;
  const std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace penstock
