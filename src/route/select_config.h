#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/civil_time.h"
#include "schema/describe.h"

// How a route says which service its requests go to.
namespace penstock {

struct ShareConfig {
  schema::Located<std::string> upstream_service;
  schema::Located<std::uint32_t> weight;

  static constexpr std::uint32_t kMostWeight = 1'000'000;

  static constexpr auto describe() {
    using C = ShareConfig;
    return schema::object(
        schema::field("upstreamService", &C::upstream_service,
                      "The `serviceName` of a service; each once.")
            .required(),
        schema::field("weight", &C::weight,
                      "Its share of the requests is this, divided by the sum of all weights. One "
                      "of 0 gets none.")
            .required()
            .range(0, kMostWeight));
  }
};

// One service, or several by weight.
struct TargetConfig {
  std::optional<schema::Located<std::string>> upstream_service;
  std::optional<std::vector<ShareConfig>> split;

  static constexpr auto describe() {
    using C = TargetConfig;
    return schema::object(
        schema::field("upstreamService", &C::upstream_service,
                      "The `serviceName` of the service it forwards to.")
            .one_of("target"),
        schema::field("split", &C::split, "Services that share the requests by weight.")
            .elements(1, 100)
            .one_of("target"));
  }
};

// What callers are told apart by when each is to keep to its part of a split.
enum class StickyWord : std::uint8_t { user_id, ip };
constexpr auto schema_choices(StickyWord) {
  return std::array{schema::choice("userId", StickyWord::user_id),
                    schema::choice("ip", StickyWord::ip)};
}

struct StickyFieldConfig {
  std::optional<schema::Located<std::string>> header;
  std::optional<schema::Located<std::string>> cookie;

  static constexpr auto describe() {
    using C = StickyFieldConfig;
    return schema::object(
        schema::field("header", &C::header, "The value of this header field.").one_of("sticky"),
        schema::field("cookie", &C::cookie,
                      "The value of this cookie. A client that has none is given one, so its name "
                      "must not be one of the service's own.")
            .one_of("sticky"));
  }
};

using StickyConfig = schema::Located<schema::WordOrMap<StickyWord, StickyFieldConfig>>;

struct VersionConfig {
  TargetConfig target;
  std::optional<schema::Located<CivilTime>> deprecated;
  std::optional<schema::Located<CivilTime>> sunset;
  std::optional<schema::Located<std::string>> successor;

  static constexpr auto describe() {
    using C = VersionConfig;
    return schema::object(
        schema::flat(&C::target),
        schema::field("deprecated", &C::deprecated,
                      "Since when it is deprecated: its answers carry `Deprecation` (RFC 9745)."),
        schema::field("sunset", &C::sunset,
                      "When it will cease to be served: its answers carry `Sunset` (RFC 8594)."),
        schema::field("successor", &C::successor,
                      "Where its successor is, a URI or a path: its answers carry it in `Link`, as "
                      "`successor-version` (RFC 5829)."));
  }
};

struct VersionsConfig {
  schema::Located<std::string> header;
  std::optional<schema::Located<std::string>> default_version;
  schema::Map<VersionConfig> to;

  static constexpr auto describe() {
    using C = VersionsConfig;
    return schema::object(
        schema::field("header", &C::header,
                      "The header field that names the version, such as `Accept-Version`.")
            .required(),
        schema::field("default", &C::default_version,
                      "The version for requests without that field; they are answered 400 "
                      "`version_missing` where there is none."),
        schema::field("to", &C::to,
                      "The versions by their names. What none of them names is answered 400 "
                      "`unknown_version`.")
            .required()
            .elements(1, 100));
  }
};

struct SelectConfig {
  TargetConfig target;
  std::optional<VersionsConfig> versions;
  std::optional<StickyConfig> sticky_by;

  static constexpr auto describe() {
    using C = SelectConfig;
    return schema::object(
        schema::flat(&C::target),
        schema::field("versions", &C::versions, "Services by the version that a request asks for.")
            .one_of("target"),
        schema::field("stickyBy", &C::sticky_by,
                      "By what a caller keeps to its part of the route's splits: `userId`, `ip`, a "
                      "header field or a cookie. Without it every request is drawn anew."));
  }
};

}  // namespace penstock
