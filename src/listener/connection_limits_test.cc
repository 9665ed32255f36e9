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
  EXPECT_EQ(limits.admit(address(1)), Verdict::admitted);
  EXPECT_EQ(limits.admit(address(1)), Verdict::admitted);
  EXPECT_EQ(limits.admit(address(2)), Verdict::full);
  limits.release(address(1));
  EXPECT_EQ(limits.admit(address(2)), Verdict::admitted);
  EXPECT_EQ(limits.open(), 2U);
}

TEST(ConnectionLimits, CountsEachAddressByItself) {
  ConnectionLimits limits(10, 1);
  EXPECT_EQ(limits.admit(address(1)), Verdict::admitted);
  EXPECT_EQ(limits.admit(address(1)), Verdict::address_full);
  EXPECT_EQ(limits.admit(address(2)), Verdict::admitted);
  EXPECT_EQ(limits.open(), 2U);
  limits.release(address(1));
  EXPECT_EQ(limits.admit(address(1)), Verdict::admitted);
}

}  // namespace
}  // namespace penstock
