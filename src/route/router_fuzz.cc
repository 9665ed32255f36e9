#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ensure.h"
#include "route/router.h"

namespace {

using penstock::Condition;
using penstock::RouteEntry;

constexpr auto kHeader = Condition::Subject::header;
constexpr auto kQuery = Condition::Subject::query;

// A table that has one of everything.
const penstock::Router& router() {
  static const std::vector<RouteEntry> entries{
      {"a", {}, {"GET"}, "/api/{x}"},
      {"b", {"h.example"}, {}, "/api/{x}/{y:[a-z]+}/*"},
      {"c", {"*.example"}, {}, "/api/{x}.json/{y}"},
      {"d", {"*.b.example", "h"}, {"POST"}, "/{a}...{b}/{c}-{d:[0-9]{2}}"},
      {"e", {}, {}, "/*", {{kHeader, Condition::Operator::regex, "X-V", "v(1|2)*"}}},
      {"f", {}, {}, "/api/get(a='{a}',b={b})", {{kQuery, Condition::Operator::equals, "q", "a b"}}},
      {"g", {}, {"HEAD"}, "/api/%2F/", {{kQuery, Condition::Operator::absent, "q", ""}}},
      {"h", {}, {}, "/a/a/{p}/a"},
      {"i", {}, {}, "/{p}/a/a/{q}"},
      {"j", {}, {}, "/{r:a+}/{s}/a/*"}};
  static const auto compiled = *penstock::Router::compile(entries);
  return compiled;
}

}  // namespace

// Input, in lines: method, host, path, query, then values of X-V. The router need not be told that
// a text is no path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using penstock::ensure;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&rest] {
    const auto text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    return text;
  };
  penstock::RouteRequest request;
  request.method = line();
  request.host = line();
  request.path = line();
  request.query = line();
  penstock::http::Fields fields;
  while (!rest.empty()) fields.add("X-V", line());
  request.fields = &fields;
  const auto match = router().match(request);
  for (std::size_t i = 0; match.found() && i < match.parameters; ++i)
    ensure(!match.parameter(i).empty() && !match.parameter(i).contains('/'));
  router().text_of(match.allowed);
  const auto explained = router().explain(request);
  const bool wins = !explained.empty() && explained[0].wins;
  ensure(match.found() == wins && (!wins || explained[0].route == match.route));
  return 0;
}
