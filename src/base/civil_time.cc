#include "base/civil_time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace penstock {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// Reads parts of a text from the left; once one is not there, nothing more is.
class Parts {
 public:
  explicit Parts(std::string_view text) : left_(text) {}

  int number(std::size_t digits, int lowest, int highest) {
    int number = -1;
    const auto part = left_.substr(0, digits);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool whole = part.size() == digits && end == part.data() + digits && part[0] != '-';
    good_ = good_ && error == std::errc() && whole && number >= lowest && number <= highest;
    left_.remove_prefix(part.size());
    return number;
  }
  bool next(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void expect(char c) { good_ = next(c) && good_; }
  bool good() const { return good_; }
  bool at_end() const { return left_.empty(); }

 private:
  std::string_view left_;
  bool good_ = true;
};

std::int64_t offset_of(Parts& parts) {
  if (parts.next('Z')) return 0;
  const int sign = parts.next('-') ? -1 : 1;
  if (sign > 0) parts.expect('+');
  const auto hours = parts.number(2, 0, 23);
  parts.expect(':');
  return sign * (hours * kHour + parts.number(2, 0, 59) * kMinute);
}

std::int64_t time_of(Parts& parts) {
  const auto hours = parts.number(2, 0, 23);
  parts.expect(':');
  const auto minutes = parts.number(2, 0, 59);
  parts.expect(':');
  const auto seconds = parts.number(2, 0, 59);
  return hours * kHour + minutes * kMinute + seconds - offset_of(parts);
}

}  // namespace

std::optional<CivilTime> CivilTime::parse(std::string_view text) {
  namespace chrono = std::chrono;
  Parts parts(text);
  const chrono::year year(parts.number(4, 1970, 9999));
  parts.expect('-');
  const chrono::month month(static_cast<unsigned>(parts.number(2, 1, 12)));
  parts.expect('-');
  const chrono::day day(static_cast<unsigned>(parts.number(2, 1, 31)));
  const chrono::year_month_day date(year, month, day);
  const auto time = parts.good() && parts.next('T') ? time_of(parts) : 0;
  if (!parts.good() || !parts.at_end() || !date.ok()) return std::nullopt;
  const auto days = chrono::sys_days(date).time_since_epoch().count();
  return CivilTime{days * kDay + time};
}

std::string CivilTime::to_text() const {
  const auto time = fmt::gmtime(static_cast<std::time_t>(seconds));
  return seconds % kDay == 0 ? fmt::format("{:%Y-%m-%d}", time)
                             : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time);
}

std::string http_date(CivilTime time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     fmt::gmtime(static_cast<std::time_t>(time.seconds)));
}

}  // namespace penstock
