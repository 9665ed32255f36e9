#pragma once

#include <string_view>

#include "http/message.h"

namespace penstock {

// What of a request decides its route, in canonical form: host in lower case without port and
// trailing dot, path with normalised escapes and no empty or dot segments.
struct RouteRequest {
  std::string_view host;
  std::string_view path;
  std::string_view method;
  std::string_view query = {};           // Without its `?`.
  const http::Fields* fields = nullptr;  // Null for none.
};

}  // namespace penstock
