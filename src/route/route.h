#pragma once

#include <string>

#include "route/select.h"

namespace penstock {

// A route as it serves: what a request that matched it is to get. Part of a snapshot.
struct Route {
  std::string route_id;
  std::string path;  // Its pattern, for metrics.
  Selection selection;
  bool auth_required = true;
  bool stream = false;
  bool encoded_slashes = false;  // Its paths may have `%2F`.
};

}  // namespace penstock
