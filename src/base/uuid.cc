#include "base/uuid.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>

namespace penstock {
namespace {

constexpr std::uint32_t kCounts = 1 << 12;

// Two hex digits for each byte, so that a byte is one look-up.
constexpr auto kHexPairs = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = {digits[byte >> 4], digits[byte & 0xf]};
  return pairs;
}();

// The `bytes` lowest bytes of `value`, highest first.
char* put_hex(char* at, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    std::memcpy(at, kHexPairs[value >> shift & 0xff].data(), 2);
    at += 2;
  }
  return at;
}

}  // namespace

std::string_view UuidSource::next(WallTime now, char (&out)[kUuidSize]) {
  const auto random = random_.next();
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto millisecond = static_cast<std::uint64_t>(std::max<std::int64_t>(since_1970, 0));
  if (millisecond > millisecond_) {
    millisecond_ = millisecond;
    // Starts in the lower half, which leaves at least 2048 steps within this millisecond.
    count_ = static_cast<std::uint32_t>(random_.below(kCounts / 2));
  } else if (++count_ == kCounts) {
    ++millisecond_;  // §6.2: the timestamp may run ahead when the counter is spent.
    count_ = 0;
  }

  char* at = put_hex(out, millisecond_ >> 16, 4);
  *at++ = '-';
  at = put_hex(at, millisecond_ & 0xffff, 2);
  *at++ = '-';
  at = put_hex(at, 0x7000 | count_, 2);  // Version 7.
  *at++ = '-';
  at = put_hex(at, 0x8000 | (random >> 50), 2);  // Variant 10 and 14 random bits.
  *at++ = '-';
  put_hex(at, random & 0xffff'ffff'ffff, 6);
  return {out, kUuidSize};
}

}  // namespace penstock
