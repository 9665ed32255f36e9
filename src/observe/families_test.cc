#include "observe/families.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

TEST(Families, AreNamedAsPrometheusExpects) {
  for (const auto& family : all_families()) {
    const auto name = family.name;
    EXPECT_EQ(name.ends_with("_total"), family.kind == MetricKind::counter) << name;
    EXPECT_EQ(name.ends_with("_info"), family.kind == MetricKind::info) << name;
    EXPECT_EQ(family.buckets != Buckets::none, family.kind == MetricKind::histogram) << name;
    auto base = name;
    if (family.kind == MetricKind::counter) base.remove_suffix(6);
    if (!family.unit.empty()) EXPECT_TRUE(base.ends_with("_" + std::string(family.unit))) << name;
    EXPECT_EQ(family.help.find_first_of("\\\"\n|"), std::string_view::npos) << name;
    EXPECT_TRUE(family.help.ends_with('.')) << name;
    EXPECT_NE(metrics_reference().find("`" + std::string(name) + "`"), std::string::npos);
  }
}

}  // namespace
}  // namespace penstock
