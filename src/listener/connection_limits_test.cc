#include "listener/connection_limits.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {
using Verdict = ConnectionLimits::Verdict;

Address address(std::uint32_t last) {
  return {IpAddress::v4(0x0a000000 + last), 1000};
}

TEST(ConnectionLimits, AdmitsAsManyAsThereMayBe) {
  ConnectionLimits limits(2, std::nullopt);
  const auto first = limits.admit(address(1));
  EXPECT_EQ(first.verdict, Verdict::admitted);
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::admitted);
  EXPECT_EQ(limits.admit(address(2)).verdict, Verdict::full);
  limits.release(address(1), first);
  EXPECT_EQ(limits.admit(address(2)).verdict, Verdict::admitted);
  EXPECT_EQ(limits.open(), 2U);
}

TEST(ConnectionLimits, CountsEachAddressByItself) {
  ConnectionLimits limits(10, 1);
  const auto first = limits.admit(address(1));
  EXPECT_EQ(first.verdict, Verdict::admitted);
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::address_full);
  EXPECT_EQ(limits.admit(address(2)).verdict, Verdict::admitted);
  EXPECT_EQ(limits.open(), 2U);
  limits.release(address(1), first);
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::admitted);
}

TEST(ConnectionLimits, ChangeForThoseToCome) {
  ConnectionLimits limits(2, std::nullopt);
  const auto first = limits.admit(address(1));
  const auto second = limits.admit(address(1));
  limits.change(1, std::nullopt);
  EXPECT_EQ(limits.open(), 2U);
  limits.release(address(1), first);
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::full);
  limits.release(address(1), second);
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::admitted);
}

TEST(ConnectionLimits, CountAnAddressRightAlsoWhereItsLimitCameLater) {
  ConnectionLimits limits(10, std::nullopt);
  const auto before = limits.admit(address(1));
  limits.change(10, 1);
  const auto counted = limits.admit(address(1));
  EXPECT_EQ(counted.verdict, Verdict::admitted);
  limits.release(address(1), before);  // Was not counted.
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::address_full);
  limits.change(10, std::nullopt);
  limits.release(address(1), counted);
  limits.change(10, 1);
  EXPECT_EQ(limits.admit(address(1)).verdict, Verdict::admitted);
}

}  // namespace
}  // namespace penstock
