#pragma once

#include "route/route_config.h"
#include "route/router.h"

namespace penstock {

// What of a route's config a router matches by. It views the config's routeId.
RouteEntry entry_of(const RouteConfig& config);

}  // namespace penstock
