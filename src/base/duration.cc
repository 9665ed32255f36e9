#include "base/duration.h"

#include <array>
#include <cmath>
#include <utility>

namespace penstock {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// From large to small, the order in which a duration is written.
constexpr std::array<Unit, 7> kTimeUnits{{{"d", 86'400'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"s", 1'000'000'000},
                                          {"ms", 1'000'000},
                                          {"us", 1'000},
                                          {"ns", 1}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"GiB", 1 << 30},
                                          {"MiB", 1 << 20},
                                          {"KiB", 1 << 10},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"kB", 1'000},
                                          {"B", 1}}};

struct Number {
  std::int64_t whole = 0;
  std::int64_t fraction = 0;
  std::int64_t scale = 1;  // fraction / scale
};

// Takes digits, and a point with digits, off the front of `text`.
std::optional<Number> take_number(std::string_view& text) {
  const auto digit = [&] { return !text.empty() && text[0] >= '0' && text[0] <= '9'; };
  if (!digit()) return std::nullopt;
  Number number;
  for (; digit(); text.remove_prefix(1)) {
    if (number.whole > INT64_MAX / 10 - 1) return std::nullopt;
    number.whole = number.whole * 10 + (text[0] - '0');
  }
  if (text.empty() || text[0] != '.') return number;
  text.remove_prefix(1);
  if (!digit()) return std::nullopt;
  for (; digit(); text.remove_prefix(1)) {
    if (number.scale >= 1'000'000'000) return std::nullopt;
    number.fraction = number.fraction * 10 + (text[0] - '0');
    number.scale *= 10;
  }
  return number;
}

std::string_view take_letters(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() &&
         ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z')))
    ++n;
  const auto letters = text.substr(0, n);
  text.remove_prefix(n);
  return letters;
}

// number * factor, exactly; nullopt on overflow or when the fraction has no whole value.
std::optional<std::int64_t> times(const Number& number, std::int64_t factor) {
  std::int64_t whole = 0;
  std::int64_t part = 0;
  if (__builtin_mul_overflow(number.whole, factor, &whole)) return std::nullopt;
  if (__builtin_mul_overflow(number.fraction, factor, &part)) return std::nullopt;
  if (part % number.scale != 0) return std::nullopt;
  if (__builtin_add_overflow(whole, part / number.scale, &whole)) return std::nullopt;
  return whole;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto name = take_letters(text);
    while (next_unit < kTimeUnits.size() && kTimeUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kTimeUnits.size()) return std::nullopt;
    const auto value = times(*number, kTimeUnits[next_unit++].factor);
    if (!value || __builtin_add_overflow(total, *value, &total)) return std::nullopt;
  }
  return Duration(total);
}

std::string to_text(Duration duration) {
  auto left = duration.count();
  if (left == 0) return "0s";
  std::string text;
  for (const auto& unit : kTimeUnits) {
    if (left < unit.factor) continue;
    text += std::to_string(left / unit.factor);
    text += unit.name;
    left %= unit.factor;
  }
  return text;
}

std::optional<ByteSize> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const auto& unit : kSizeUnits) {
    if (unit.name != text) continue;
    const auto value = times(*number, unit.factor);
    if (!value) return std::nullopt;
    return ByteSize{static_cast<std::uint64_t>(*value)};
  }
  return std::nullopt;
}

std::string to_text(ByteSize size) {
  for (const auto& unit : kSizeUnits) {
    const auto factor = static_cast<std::uint64_t>(unit.factor);
    if (size.bytes >= factor && size.bytes % factor == 0)
      return std::to_string(size.bytes / factor) + std::string(unit.name);
  }
  return "0B";
}

}  // namespace penstock
