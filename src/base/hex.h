#pragma once

#include "base/ascii.h"

namespace penstock {

// What a hexadecimal digit of either case is worth; -1 for anything else.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace penstock
