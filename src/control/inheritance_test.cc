#include "control/inheritance.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "net/listen.h"

namespace penstock {
namespace {
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The descriptors of a process that is upgraded; what is handed over are copies.
class InheritanceTest : public ::testing::Test {
 protected:
  InheritanceTest()
      : first_(*ListeningSockets::open(*Address::parse("127.0.0.1:0"), 2)),
        second_(*ListeningSockets::open(*Address::parse("127.0.0.1:0"), 1)) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel_.data()), 0);
    given_ = {.workers = 2,
              .channel = dup(channel_[1]),
              .lock = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
              .sockets = {dup(first_.descriptor(0)), dup(second_.descriptor(0)),
                          dup(first_.descriptor(1))}};
  }
  ~InheritanceTest() override {
    close(channel_[0]);
    close(channel_[1]);
  }

  std::expected<Inheritance, std::string> take() const {
    setenv(Handover::kVariable, given_.to_text().c_str(), 1);
    auto taken = Inheritance::take();
    EXPECT_EQ(std::getenv(Handover::kVariable), nullptr);
    return taken;
  }
  std::string refusal() const {
    const auto taken = take();
    return taken ? "it was taken" : taken.error();
  }

  std::array<int, 2> channel_{};
  ListeningSockets first_;
  ListeningSockets second_;
  Handover given_;
};

TEST_F(InheritanceTest, IsEmptyForWhoWasSimplyStarted) {
  const auto none = Inheritance::take();
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  EXPECT_TRUE(none->check_workers(7));
}

TEST_F(InheritanceTest, GivesSocketsByTheirAddress) {
  auto taken = take();
  ASSERT_TRUE(taken) << taken.error();
  EXPECT_THAT(taken->take_sockets(first_.address()), SizeIs(2));
  EXPECT_THAT(taken->take_sockets(first_.address()), IsEmpty());
  EXPECT_THAT(taken->take_sockets(*Address::parse("127.0.0.1:1")), IsEmpty());
  EXPECT_EQ(fcntl(given_.lock, F_GETFD), FD_CLOEXEC);
}

TEST_F(InheritanceTest, ClosesWhatNobodyTook) {
  auto taken = take();
  ASSERT_TRUE(taken);
  EXPECT_THAT(taken->take_sockets(first_.address()), SizeIs(2));
  taken->close_rest();
  EXPECT_EQ(fcntl(given_.sockets[1], F_GETFD), -1);
  EXPECT_EQ(fcntl(given_.lock, F_GETFD), -1);
  EXPECT_NE(fcntl(given_.sockets[0], F_GETFD), -1);
}

TEST_F(InheritanceTest, SaysWhatItTookOnceItServes) {
  auto taken = take();
  ASSERT_TRUE(taken);
  const auto sockets = taken->take_sockets(second_.address());
  taken->tell_ready();
  std::array<char, 64> heard{};
  const auto size = recv(channel_[0], heard.data(), heard.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string(heard.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))),
            readiness_text(sockets));
}

TEST_F(InheritanceTest, RefusesAnotherNumberOfWorkers) {
  const auto taken = take();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->check_workers(2));
  EXPECT_THAT(taken->check_workers(3).error(), HasSubstr("found 3, expected 2"));
}

TEST_F(InheritanceTest, BelievesNothing) {
  std::swap(given_.channel, given_.lock);
  EXPECT_THAT(refusal(), HasSubstr("is no channel"));
  given_.channel = given_.lock;
  given_.lock = dup(channel_[0]);
  EXPECT_THAT(refusal(), HasSubstr("is no lock's file"));
  given_.lock = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  given_.sockets.push_back(9'999);
  EXPECT_THAT(refusal(), HasSubstr("descriptor 9999 does not listen"));
  setenv(Handover::kVariable, "all of it", 1);
  EXPECT_THAT(Inheritance::take().error(), HasSubstr("PENSTOCK_UPGRADE: found something else"));
}

}  // namespace
}  // namespace penstock
