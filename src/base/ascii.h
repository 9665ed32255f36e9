#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace penstock {

// ASCII only, whatever the locale: what protocols mean by "case-insensitive".
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return to_lower(x) == to_lower(y);
         });
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Without spaces and tabs at either end: the OWS of RFC 9110 §5.6.3.
constexpr std::string_view trim_ows(std::string_view text) {
  const auto ows = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && ows(text.back())) text.remove_suffix(1);
  return text;
}

inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

}  // namespace penstock
