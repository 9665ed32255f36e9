#pragma once

#include <cstdint>
#include <string_view>

#include "base/duration.h"
#include "base/random.h"

namespace penstock {

inline constexpr std::size_t kUuidSize = 36;

// UUID version 7 (RFC 9562 §5.7), each greater than the one before from the same object, also when
// the clock stands or steps back: the 12 bits after the milliseconds count (§6.2 method 1). One per
// worker; it keeps a reference to that worker's Random. Unique, not secret.
class UuidSource {
 public:
  explicit UuidSource(Random& random) : random_(random) {}

  // The text form; the view is of `out`.
  std::string_view next(WallTime now, char (&out)[kUuidSize]);

 private:
  Random& random_;
  std::uint64_t millisecond_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace penstock
