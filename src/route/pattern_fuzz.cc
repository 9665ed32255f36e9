#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ensure.h"
#include "route/pattern.h"
#include "route/router.h"

// Input: a pattern, a line end, a path. Whatever the pattern, it is refused in words or matches
// within its limits, and its parameters lie in the path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using penstock::ensure;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  const auto pattern_text = text.substr(0, end);
  penstock::RegexSet regexes;
  const auto pattern = penstock::Pattern::parse(pattern_text, regexes);
  const std::vector<penstock::RouteEntry> entries{
      {.route_id = "r", .hosts = {}, .methods = {}, .path = std::string(pattern_text)}};
  const auto router = penstock::Router::compile(entries);
  ensure(pattern.has_value() == router.has_value());
  if (!pattern) {
    ensure(!pattern.error().empty() && router.error().contains(pattern.error()));
    return 0;
  }
  if (end == std::string_view::npos) return 0;
  const auto path = text.substr(end + 1);
  const auto match = router->match({"h", path, "GET"});
  if (match.found()) {
    ensure(match.parameters == router->parameter_count(0));
    for (std::size_t i = 0; i < match.parameters; ++i) {
      const auto value = match.parameter(i);
      ensure(!value.empty() && value.data() >= path.data() &&
             value.data() + value.size() <= path.data() + path.size() && !value.contains('/'));
    }
  }
  const auto explained = router->explain({"h", path, "GET"});
  ensure(match.found() == (!explained.empty() && explained[0].wins));
  return 0;
}
