#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

inline constexpr std::size_t kMaxPatternSize = 4096;
inline constexpr std::size_t kMaxPatternSegments = 64;
inline constexpr std::size_t kMaxParameters = 32;

// A route's path: segments that are literal (`api`) or a parameter (`{orderId}`: one segment, not
// empty), and maybe a last `/*`, which stands for its prefix and everything below it. A trailing
// slash is a last, empty, literal segment, so it counts.
struct Pattern {
  struct Segment {
    bool parameter = false;
    std::string text;  // The literal in canonical form, or the parameter's name.
  };
  std::vector<Segment> segments;
  bool below = false;  // Ends in `/*`.

  // The error is a sentence that says what to write instead. Escapes are normalised as a request's
  // path is: `%7e` is `~`, `%c3` is `%C3`.
  static std::expected<Pattern, std::string> parse(std::string_view text);
};

// A route's host in the form requests are matched by (http::Authority). A port, a wildcard or what
// is no host is refused in words.
std::expected<std::string, std::string> parse_route_host(std::string_view text);

// Whether `text` may be a method: a token (RFC 9110 §9.1). Case counts.
bool is_method(std::string_view text);

}  // namespace penstock
