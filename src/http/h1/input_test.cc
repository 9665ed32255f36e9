#include "http/h1/input.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "runtime/sim/sim_loop.h"

namespace penstock::http::h1 {
namespace {

// Nothing is sent or received here.
class SilentStream final : public Stream {
 public:
  explicit SilentStream(Loop& loop) : Stream(loop) {}
  std::optional<Result<Lent>> try_recv(std::size_t) override { return std::nullopt; }
  void watch(Operation&) override {}
  void unwatch() override {}
  void shutdown_write() override {}
  void reset_on_close() override {}

 protected:
  bool start(Recv&) override { return false; }
  bool start(Send&) override { return false; }
  void forget(Recv&) override {}
  void forget(Send&) override {}
};

class InputTest : public ::testing::Test {
 protected:
  Lent lend(std::string_view text) {
    auto lent = loop_.buffers().lend();
    std::memcpy(lent.block(), text.data(), text.size());
    lent.fill(text.size());
    return lent;
  }
  std::size_t lent() { return loop_.buffers().lent(); }

  SimLoop loop_{1};
  SilentStream stream_{loop_};
  Input input_{stream_};
};

TEST_F(InputTest, IsEmptyAtFirst) {
  EXPECT_TRUE(input_.empty());
  EXPECT_EQ(input_.bytes(), "");
}

TEST_F(InputTest, WhatIsPutStandsInTheBlockItself) {
  auto block = lend("hello");
  const auto* const at = block.bytes().data();
  input_.put(std::move(block));
  EXPECT_EQ(input_.bytes(), "hello");
  EXPECT_EQ(input_.data(), at);
}

TEST_F(InputTest, TheBlockGoesBackWhenAllIsConsumed) {
  input_.put(lend("hello"));
  input_.consume(2);
  EXPECT_EQ(input_.bytes(), "llo");
  EXPECT_EQ(lent(), 1U);
  input_.consume(3);
  EXPECT_TRUE(input_.empty());
  EXPECT_EQ(lent(), 0U);
}

TEST_F(InputTest, ParkingKeepsTheBytesAndGivesTheBlockBack) {
  input_.put(lend("hello"));
  input_.consume(1);
  input_.park();
  EXPECT_EQ(input_.bytes(), "ello");
  EXPECT_EQ(lent(), 0U);
  input_.park();
  EXPECT_EQ(input_.bytes(), "ello");
}

TEST_F(InputTest, WhatComesLaterStandsBehindWhatIsLeft) {
  input_.put(lend("abc"));
  input_.consume(1);
  input_.put(lend("def"));
  EXPECT_EQ(input_.bytes(), "bcdef");
  input_.consume(3);
  input_.put(lend("ghi"));
  EXPECT_EQ(input_.bytes(), "efghi");
  EXPECT_EQ(lent(), 0U);
}

TEST_F(InputTest, AfterAllThatWasKeptIsConsumedBlocksAreUsedAgain) {
  input_.put(lend("abc"));
  input_.park();
  input_.consume(3);
  EXPECT_TRUE(input_.empty());
  input_.put(lend("def"));
  EXPECT_EQ(input_.bytes(), "def");
  EXPECT_EQ(lent(), 1U);
}

TEST_F(InputTest, ConsumingNothingChangesNothing) {
  input_.put(lend("abc"));
  input_.consume(0);
  EXPECT_EQ(input_.bytes(), "abc");
  input_.park();
  input_.consume(0);
  EXPECT_EQ(input_.bytes(), "abc");
}

}  // namespace
}  // namespace penstock::http::h1
