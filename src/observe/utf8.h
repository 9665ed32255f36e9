#pragma once

#include <cstddef>
#include <string_view>

namespace penstock {

// U+FFFD, written for bytes that are no UTF-8.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The length of the character that `text` begins with, or 0 when it begins with none (RFC 3629:
// neither overlong forms nor surrogates nor anything above U+10FFFF). `text` is not empty.
constexpr std::size_t utf8_size(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto within = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  const auto follows = [&](std::size_t i) { return within(byte(i), 0x80, 0xbf); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (within(first, 0xc2, 0xdf)) return follows(1) ? 2 : 0;
  if (within(first, 0xe0, 0xef)) {
    const auto low = first == 0xe0 ? 0xa0U : 0x80U;
    const auto high = first == 0xed ? 0x9fU : 0xbfU;
    return within(byte(1), low, high) && follows(2) ? 3 : 0;
  }
  if (within(first, 0xf0, 0xf4)) {
    const auto low = first == 0xf0 ? 0x90U : 0x80U;
    const auto high = first == 0xf4 ? 0x8fU : 0xbfU;
    return within(byte(1), low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace penstock
