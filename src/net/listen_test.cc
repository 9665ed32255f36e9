#include "net/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock {
namespace {
using ::testing::HasSubstr;

Address loopback(std::uint16_t port) {
  return {*IpAddress::parse("127.0.0.1"), port};
}

TEST(ListeningSockets, ShareOnePort) {
  const auto sockets = ListeningSockets::open(loopback(0), 3);
  ASSERT_TRUE(sockets);
  EXPECT_NE(sockets->address().port(), 0);
  EXPECT_NE(sockets->descriptor(0), sockets->descriptor(2));
}

TEST(ListeningSockets, RefuseAnAddressThatIsListenedOn) {
  const auto first = ListeningSockets::open(loopback(0), 1);
  ASSERT_TRUE(first);
  const auto second = ListeningSockets::open(first->address(), 1);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("another process does"));
}

TEST(ListeningSockets, AreClosedWithTheirOwner) {
  Address address;
  {
    const auto sockets = ListeningSockets::open(loopback(0), 2);
    ASSERT_TRUE(sockets);
    address = sockets->address();
  }
  EXPECT_TRUE(ListeningSockets::open(address, 2));
}

TEST(ListeningSockets, SayWhatIsWrongWithAnAddress) {
  const auto sockets = ListeningSockets::open({*IpAddress::parse("192.0.2.1"), 8080}, 1);
  ASSERT_FALSE(sockets);
  EXPECT_THAT(sockets.error(), HasSubstr("no such address"));
}

}  // namespace
}  // namespace penstock
