#include "net/listen.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

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

TEST(ListeningSockets, AreTakenOver) {
  const auto first = ListeningSockets::open(loopback(0), 2);
  ASSERT_TRUE(first);
  const auto second =
      ListeningSockets::adopt({dup(first->descriptor(0)), dup(first->descriptor(1))});
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(second->address(), first->address());
  EXPECT_EQ(fcntl(second->descriptor(1), F_GETFD), FD_CLOEXEC);
}

TEST(ListeningSockets, OfTwoAddressesAreNotOne) {
  const auto first = ListeningSockets::open(loopback(0), 1);
  const auto other = ListeningSockets::open(loopback(0), 1);
  ASSERT_TRUE(first && other);
  const auto both = ListeningSockets::adopt({dup(first->descriptor(0)), dup(other->descriptor(0))});
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error(), HasSubstr(first->address().to_text()));
}

TEST(ListeningOn, KnowsWhatDoesNotListen) {
  const int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_FALSE(listening_on(plain));
  close(plain);
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_FALSE(listening_on(file));
  close(file);
  EXPECT_FALSE(listening_on(1'000'000));
  EXPECT_FALSE(ListeningSockets::adopt({-1}));
}

}  // namespace
}  // namespace penstock
