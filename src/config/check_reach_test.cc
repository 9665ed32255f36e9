#include "config/check_reach.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/load.h"

namespace penstock {
namespace {

using testing::HasSubstr;

TEST(CheckReach, CountsTheFindingsItDoesNotShow) {
  std::string text =
      "listeners: [ { name: a, address: '127.0.0.1:80' } ]\n"
      "services: [ { serviceName: s, instances: [ { host: 10.0.0.1, port: 80 } ] } ]\nroutes:\n";
  for (int i = 0; i < 150; ++i)
    text += fmt::format(
        "  - {{ routeId: r{:03}, path: /same, upstreamService: s, authRequired: false }}\n", i);
  const auto loaded =
      load_text("gw.yaml", text, [](std::string_view) { return std::optional<std::string>(); });
  EXPECT_TRUE(loaded.ok);
  ASSERT_EQ(loaded.warnings, 101U);
  EXPECT_THAT(schema::to_text(loaded.findings.front()),
              HasSubstr("routes: found 49 more routes that do not get all they ask for"));
}

}  // namespace
}  // namespace penstock
