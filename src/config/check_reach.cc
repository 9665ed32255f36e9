#include "config/check_reach.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "route/entry.h"
#include "route/findings.h"

namespace penstock {
namespace {

using schema::Findings;
using schema::in_quotes;

std::string text_of(const RouteFinding& finding, const Document& document,
                    const Findings& findings) {
  const auto& route = document.routes[finding.route];
  const auto& winner = document.routes[finding.winner];
  const auto found = fmt::format("found {} of route {}", in_quotes(route.path.value),
                                 in_quotes(route.route_id.value));
  const auto other = fmt::format("route {} ({})", in_quotes(winner.route_id.value),
                                 findings.line(winner.path.at, route.path.at));
  switch (finding.kind) {
    case RouteFinding::Kind::alike:
      return fmt::format(
          "{}, which asks for the same as {}: that one gets {}, its routeId being the lowest",
          found, other, in_quotes(finding.witness));
    case RouteFinding::Kind::shadowed:
      return fmt::format("{}, which stands in the shadow of {}: that one gets {}", found, other,
                         in_quotes(finding.witness));
    case RouteFinding::Kind::unreachable:
      break;
  }
  return fmt::format("{}, which no request can match: {}", found, finding.why);
}

}  // namespace

void check_reach(const Document& document, Findings& findings) {
  std::vector<RouteEntry> entries;
  entries.reserve(document.routes.size());
  for (const auto& route : document.routes) entries.push_back(entry_of(route));
  // Room is left for others.
  const auto faults = find_route_faults(entries, Findings::kMost / 2);
  for (const auto& finding : faults.list)
    findings.warning(document.routes[finding.route].path.at,
                     fmt::format("routes[{}].path", finding.route),
                     text_of(finding, document, findings));
  if (document.routes.empty()) return;
  const auto& first = document.routes.front().path.at;
  if (faults.left_out > 0)
    findings.warning(
        first, "routes",
        fmt::format("found {} more routes that do not get all they ask for", faults.left_out));
  if (!faults.complete)
    findings.warning(first, "routes",
                     "found too many routes to ask whether each gets what it asks for");
}

}  // namespace penstock
