#include "config/snapshot.h"

#include <utility>

#include "route/entry.h"

namespace penstock {
std::expected<std::unique_ptr<Snapshot>, std::string> compile(const Document& document,
                                                              std::uint64_t version,
                                                              const PolicyHome& home) {
  ServiceIndices services;
  for (const auto& service : document.services)
    services.emplace(service.service_name.value, static_cast<std::uint32_t>(services.size()));
  std::vector<RouteEntry> entries;
  std::vector<Route> routes;
  for (const auto& route : document.routes) {
    auto selection = Selection::compile(route.select, services);
    if (!selection)
      return std::unexpected("route " + route.route_id.value + ' ' + selection.error());
    entries.push_back(entry_of(route));
    routes.push_back({.route_id = route.route_id.value,
                      .path = route.path.value,
                      .selection = *std::move(selection),
                      .auth_required = route.auth_required,
                      .stream = route.stream,
                      .encoded_slashes = entries.back().encoded_slashes});
  }
  auto router = Router::compile(entries);
  if (!router) return std::unexpected(router.error());
  return std::make_unique<Snapshot>(Snapshot{std::move(*router), std::move(routes),
                                             document.services, make_policies(document, home),
                                             version});
}

}  // namespace penstock
