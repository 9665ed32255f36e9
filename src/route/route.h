#pragma once

#include <cstdint>
#include <string>

namespace penstock {

// A route as it serves: what a request that matched it is to get. Part of a snapshot.
struct Route {
  std::string route_id;
  std::string path;           // Its pattern, for metrics.
  std::uint32_t service = 0;  // Index into the snapshot's services.
  bool auth_required = true;
  bool stream = false;
  bool encoded_slashes = false;  // Its paths may have `%2F`.
};

}  // namespace penstock
