#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

using Duration = std::chrono::nanoseconds;

// A point on the loop's monotonic clock (virtual in the simulator).
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;
inline constexpr Instant kNever = Instant::max();

// Civil time, for what people and peers read: logs, Date, UUIDv7.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

// `1m30s`, `250ms`, `1.5s`; units ns us ms s m h d, each at most once, from large to small. A bare
// number is not a duration. nullopt also on overflow or a negative value.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest text that parses back to the same duration: `1m30s`.
std::string to_text(Duration duration);

// Whole seconds, rounded up: as fields such as Retry-After have them.
constexpr std::int64_t seconds_up(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

// A count of bytes, so that a size is not mistaken for another number.
struct ByteSize {
  std::uint64_t bytes = 0;
  friend constexpr auto operator<=>(ByteSize, ByteSize) = default;
};
// `16KiB`, `1MiB`, `2GiB`, `10kB`, `10MB`, `512B`; a bare number is not a size.
std::optional<ByteSize> parse_size(std::string_view text);
std::string to_text(ByteSize size);

namespace literals {
constexpr ByteSize operator""_KiB(unsigned long long n) {
  return {n * 1024};
}
constexpr ByteSize operator""_MiB(unsigned long long n) {
  return {n * 1024 * 1024};
}
}  // namespace literals

}  // namespace penstock
