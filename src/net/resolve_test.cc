#include "net/resolve.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock {
namespace {

TEST(Resolve, ReturnsALiteralAsItIs) {
  EXPECT_EQ(resolve("10.0.0.1", 80), std::vector{*Address::parse("10.0.0.1:80")});
  EXPECT_EQ(resolve("::1", 81), std::vector{*Address::parse("[::1]:81")});
  EXPECT_EQ(resolve("[::1]", 81), std::vector{*Address::parse("[::1]:81")});
}

TEST(Resolve, KnowsLocalhostOnce) {
  const auto found = resolve("localhost", 8080);
  ASSERT_TRUE(found) << found.error();
  for (const auto& address : *found) {
    EXPECT_EQ(address.port(), 8080);
    EXPECT_EQ(std::ranges::count(*found, address), 1);
  }
}

TEST(Resolve, AsksNobodyAboutWhatIsNoName) {
  for (auto host : {"", ".", "a..b", "-a", "a-", "a b", "10.1", "127.1", "0x7f.1", "2130706433",
                    "[10.0.0.1]", "a/b", "ex\u00e4mple"}) {
    const auto found = resolve(host, 80);
    ASSERT_FALSE(found) << host;
    EXPECT_NE(found.error().find("neither a host name nor an IP address"), std::string::npos);
  }
}

TEST(IsHostName, KeepsTheLimitsOfTheDns) {
  EXPECT_TRUE(is_host_name("orders.internal"));
  EXPECT_TRUE(is_host_name("orders.internal."));
  EXPECT_TRUE(is_host_name("my_service"));
  EXPECT_TRUE(is_host_name("1.a"));
  EXPECT_TRUE(is_host_name(std::string(63, 'a')));
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
  std::string longest;
  for (int i = 0; i < 130; ++i) longest += "a.";
  EXPECT_FALSE(is_host_name(longest));
}

}  // namespace
}  // namespace penstock
