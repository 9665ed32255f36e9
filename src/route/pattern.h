#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "route/regex.h"

namespace penstock {

inline constexpr std::size_t kMaxPatternSize = 4096;
inline constexpr std::size_t kMaxPatternSegments = 64;
inline constexpr std::size_t kMaxParameters = 32;

// A route's path. Its segments are literal (`api`), a parameter (`{orderId}`: one segment, not
// empty), or parameters among literal text (`get(period='{period}')`, `{name}.json`). A parameter
// may have a regex, which must match all that it takes: `{id:[0-9]+}`; braces within it are
// balanced or escaped. A last `/*` stands for its prefix and everything below it. A trailing slash
// is a last, empty, literal segment, so it counts. `//` is one slash, as in a request's path.
struct Pattern {
  struct Parameter {
    std::string name;
    std::string regex;  // Empty for any text.
    std::uint32_t regex_number = 0;
  };
  // Literal and parameter in turn: literals[0] parameters[0] literals[1] …, so there is always one
  // literal more, maybe empty.
  struct Segment {
    std::vector<std::string> literals;  // In canonical form.
    std::vector<Parameter> parameters;
    // Where there are several parameters and not all take any text: the regex of the whole segment,
    // with a group for each parameter, which `groups` names.
    std::optional<std::uint32_t> whole;
    std::vector<std::uint8_t> groups;

    bool is_literal() const { return parameters.empty(); }
    // `{name}` and nothing else.
    bool is_plain_parameter() const {
      return parameters.size() == 1 && parameters[0].regex.empty() && literals[0].empty() &&
             literals[1].empty();
    }
    const std::string& literal() const { return literals[0]; }
    // The same for those that match the same texts: its own text without the names.
    std::string shape() const;
  };
  std::vector<Segment> segments;
  bool below = false;  // Ends in `/*`.
  // What is served, though it may not be what was meant: each says what to write instead, and goes
  // on a sentence's `expected`.
  std::vector<std::string> remarks;

  // The error is a sentence that says what to write instead. Escapes are normalised as a request's
  // path is: `%7e` is `~`, `%c3` is `%C3`; quotation marks and what is not ASCII are escaped. Its
  // regexes are added to `regexes`.
  static std::expected<Pattern, std::string> parse(std::string_view text, RegexSet& regexes);
};

// A route's host in the form requests are matched by (http::Authority): exact, or `*.example.com`
// for all names that end so, with one or more labels in the star's place. A port, or what is no
// host, is refused in words.
std::expected<std::string, std::string> parse_route_host(std::string_view text);

// Whether `text` may be a method: a token (RFC 9110 §9.1). Case counts.
bool is_method(std::string_view text);

}  // namespace penstock
