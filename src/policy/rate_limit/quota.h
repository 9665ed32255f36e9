#pragma once

#include <cstdint>
#include <limits>

#include "base/duration.h"

namespace penstock {

// What one key has spent, as the time from which it is whole again: GCRA's theoretical arrival
// time. Exact: nanoseconds of the loop's clock and `part`/`parts` of one more. Without a take it is
// full since ever.
struct Bucket {
  std::int64_t full_at = std::numeric_limits<std::int64_t>::min();
  std::uint32_t part = 0;
  std::uint32_t parts = 1;

  // Nothing is owed: as good as one that never was.
  bool full(Instant now) const { return full_from() <= now.time_since_epoch().count(); }
  std::int64_t full_from() const { return full_at + (part > 0 ? 1 : 0); }
};

// What came of a request for a token.
struct Taken {
  bool allowed = false;
  std::uint32_t remaining = 0;  // Tokens that are there now.
  Duration wait{};              // Until there is one, rounded up; 0 while some remain.
  Duration reset{};             // Until all are there, rounded up.
  bool shared = false;          // The key has no bucket of its own: too many keys.
};

// What a key may spend: `burst` tokens at once, refilled one by one at limit/window. No rounding:
// over any time T at most burst + T * limit / window are given, and no fewer than are due.
class Quota {
 public:
  // The longest that a bucket may take from empty to full.
  static constexpr Duration kLongestRefill = std::chrono::days(366);
  static bool refills_in_time(std::uint32_t limit, Duration window, std::uint32_t burst);

  // `limit` and `burst` 1 to 1,000,000, `window` 100 ms to 24 h, and it refills in time.
  Quota(std::uint32_t limit, Duration window, std::uint32_t burst);

  std::uint32_t limit() const { return limit_; }
  Duration window() const { return Duration(window_); }
  std::uint32_t burst() const { return burst_; }

  // Takes one token, if there is one. A bucket that another quota filled counts for
  // what it still owes, but never for more than an empty one of this quota: after a reload nobody
  // waits longer than the new quota says. `now` must not go back for the same bucket.
  bool take(Bucket& bucket, Instant now) const;
  // How a bucket stands after take() answered `allowed`.
  Taken taken(Bucket bucket, bool allowed, Instant now) const;

 private:
  // A length: nanoseconds and part/limit of one more.
  struct Length {
    std::int64_t ns;
    std::uint32_t part;
    friend auto operator<=>(const Length&, const Length&) = default;
  };

  Length plus(Length a, Length b) const;
  // What the bucket owes: none to capacity_.
  Length owed(const Bucket& bucket, std::int64_t now) const;

  std::uint32_t limit_;
  std::uint32_t burst_;
  std::int64_t window_;
  Length interval_;  // From one token to the next.
  Length capacity_;  // From empty to full.
};

}  // namespace penstock
