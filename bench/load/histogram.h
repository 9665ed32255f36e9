#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace penstock::bench {

// Counts of durations in nanoseconds, 32 buckets to each doubling: a quantile is good to 3 %.
class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++buckets_[index_of(ns)];
    ++count_;
  }
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
  }
  std::uint64_t count() const { return count_; }

  // The upper end of the bucket in which that share (0 to 1) of the values is reached.
  std::uint64_t quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted) return upper_end_of(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr std::size_t kPerDoubling = std::size_t{1} << kBits;

  static std::size_t index_of(std::uint64_t ns) {
    if (ns < kPerDoubling) return ns;
    const auto doubling = static_cast<unsigned>(std::bit_width(ns)) - 1 - kBits;
    return (doubling + 1) * kPerDoubling + ((ns >> doubling) - kPerDoubling);
  }
  static std::uint64_t upper_end_of(std::size_t index) {
    if (index < kPerDoubling) return index;
    const auto doubling = index / kPerDoubling - 1;
    return (kPerDoubling + index % kPerDoubling + 1) << doubling;
  }

  std::array<std::uint64_t, (65 - kBits) * kPerDoubling> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace penstock::bench
