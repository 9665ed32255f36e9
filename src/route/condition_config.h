#pragma once

#include <optional>
#include <string>

#include "schema/describe.h"

namespace penstock {

// A condition on a header field or a query parameter, as it is written.
struct ConditionConfig {
  schema::Located<std::string> name;
  std::optional<schema::Located<std::string>> equals;
  std::optional<schema::Located<bool>> present;  // Only ever true.
  std::optional<schema::Located<bool>> absent;
  std::optional<schema::Located<std::string>> regex;

  static constexpr auto describe() {
    using C = ConditionConfig;
    return schema::object(
        schema::field("name", &C::name,
                      "Of the header, in any case, or of the query parameter, decoded.")
            .required(),
        schema::field("equals", &C::equals,
                      "The whole value; case counts. A query parameter's is decoded.")
            .one_of("operator"),
        schema::field("present", &C::present, "`true`: it is there, whatever its value.")
            .one_of("operator"),
        schema::field("absent", &C::absent, "`true`: it is not there.").one_of("operator"),
        schema::field("regex", &C::regex, "An RE2 expression that matches the whole value.")
            .one_of("operator"));
  }
};

}  // namespace penstock
