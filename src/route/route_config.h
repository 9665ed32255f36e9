#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "route/condition_config.h"
#include "route/select_config.h"
#include "schema/describe.h"

namespace penstock {

// What becomes of a path with `%2F`.
enum class EncodedSlashes : std::uint8_t { refuse, allow };
constexpr auto schema_choices(EncodedSlashes) {
  return std::array{schema::choice("refuse", EncodedSlashes::refuse),
                    schema::choice("allow", EncodedSlashes::allow)};
}

// Which requests go to which service.
struct RouteConfig {
  schema::Located<std::string> route_id;
  std::vector<schema::Located<std::string>> methods;  // Empty: any.
  std::vector<schema::Located<std::string>> hosts;    // Empty: any.
  schema::Located<std::string> path;
  std::vector<ConditionConfig> headers;
  std::vector<ConditionConfig> query;
  EncodedSlashes encoded_slashes = EncodedSlashes::refuse;
  SelectConfig select;
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
        schema::field("hosts", &C::hosts,
                      "Host names it serves, without port; any by default. `*.example.com` stands "
                      "for all names below that one.")
            .or_one("host")
            .elements(1, 1'000),
        schema::field("path", &C::path,
                      "Path pattern: literal segments, `{name}` for one segment or a part of it, "
                      "`{name:regex}` with an RE2 expression, a trailing `/*` for this prefix and "
                      "all below it.")
            .required(),
        schema::field("headers", &C::headers,
                      "Conditions on header fields, all of which must hold. A field on several "
                      "lines has one value, the lines joined by `, `.")
            .elements(0, 16),
        schema::field("query", &C::query,
                      "Conditions on query parameters, all of which must hold. One that comes "
                      "several times has its values joined by `,`.")
            .elements(0, 16),
        schema::field("encodedSlashes", &C::encoded_slashes,
                      "Whether its paths may have `%2F`, which then is part of a segment and "
                      "forwarded as it is. Services differ in what they make of it."),
        schema::flat(&C::select),
        schema::field("authRequired", &C::auth_required,
                      "Whether the caller must be known. Without a way to authenticate every "
                      "request is answered 401 `no_auth_policy`."),
        schema::field("stream", &C::stream,
                      "Whether answers are streams: `total` then ends at the answer's head, and "
                      "`idle` and `maxStreamAge` hold."));
  }
};

}  // namespace penstock
