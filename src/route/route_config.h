#pragma once

#include <string>
#include <vector>

#include "schema/describe.h"

namespace penstock {

// Which requests go to which service.
struct RouteConfig {
  schema::Located<std::string> route_id;
  std::vector<schema::Located<std::string>> methods;  // Empty: any.
  std::vector<schema::Located<std::string>> hosts;    // Empty: any.
  schema::Located<std::string> path;
  schema::Located<std::string> upstream_service;
  bool auth_required = true;
  bool stream = false;

  static constexpr auto describe() {
    using C = RouteConfig;
    return schema::object(
        schema::field("routeId", &C::route_id,
                      "Its name; unique. Of two routes alike the lowest name wins.")
            .id(),
        schema::field("methods", &C::methods,
                      "Methods it serves; any by default. GET also serves HEAD.")
            .or_one("method")
            .elements(1, 100),
        schema::field("hosts", &C::hosts, "Host names it serves, without port; any by default.")
            .or_one("host")
            .elements(1, 1'000),
        schema::field("path", &C::path,
                      "Path pattern: literal segments, `{name}` for one segment, a trailing `/*` "
                      "for this prefix and all below it.")
            .required(),
        schema::field("upstreamService", &C::upstream_service,
                      "The `serviceName` of the service it forwards to.")
            .required(),
        schema::field("authRequired", &C::auth_required,
                      "Whether the caller must be known. Without a way to authenticate every "
                      "request is answered 401 `no_auth_policy`."),
        schema::field("stream", &C::stream,
                      "Whether answers are streams: `total` then ends at the answer's head, and "
                      "`idle` and `maxStreamAge` hold."));
  }
};

}  // namespace penstock
