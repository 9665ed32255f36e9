#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

// A moment as people write it, to the second: `2027-01-31` (its first moment, UTC),
// `2027-01-31T12:00:00Z`, `2027-01-31T14:00:00+02:00` (RFC 3339, years 1970 to 9999).
struct CivilTime {
  std::int64_t seconds = 0;  // Since 1970, UTC.

  static constexpr std::string_view kExpected =
      "a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z";
  static constexpr std::string_view kPattern =
      "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?$";
  static std::optional<CivilTime> parse(std::string_view text);
  std::string to_text() const;

  friend constexpr auto operator<=>(CivilTime, CivilTime) = default;
};

// As HTTP's fields have it: `Sun, 31 Jan 2027 12:00:00 GMT` (RFC 9110 §5.6.7).
std::string http_date(CivilTime time);

}  // namespace penstock
