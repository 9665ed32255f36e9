#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "schema/describe.h"

namespace penstock {

enum class AccessLogFormat : std::uint8_t { json };
constexpr auto schema_choices(AccessLogFormat) {
  return std::array{schema::choice("json", AccessLogFormat::json)};
}

struct AccessLogConfig {
  schema::Located<std::string> path{"stdout", {}};
  AccessLogFormat format = AccessLogFormat::json;

  static constexpr auto describe() {
    using C = AccessLogConfig;
    return schema::object(
        schema::field("path", &C::path,
                      "`stdout`, `off`, or a file, which is opened anew on SIGUSR1."),
        schema::field("format", &C::format, "How a request's line is written."));
  }
};

struct ObservabilityConfig {
  AccessLogConfig access_log;

  static constexpr auto describe() {
    using C = ObservabilityConfig;
    return schema::object(
        schema::field("accessLog", &C::access_log, "One line per request.").restart());
  }
};

}  // namespace penstock
