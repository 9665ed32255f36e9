#include "upstream/replay_body.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/all_loops.h"

namespace penstock {
namespace {

// Gives its pieces one by one, each from the same storage, as a connection's buffer would.
class PiecesBody final : public http::Body {
 public:
  explicit PiecesBody(std::vector<std::string> pieces, const Reason* failure = nullptr)
      : pieces_(std::move(pieces)), failure_(failure) {}

  std::optional<Result<http::Piece>> poll() override { return std::nullopt; }
  Task<Result<http::Piece>> read() override {
    if (at_ == pieces_.size() && failure_ != nullptr) co_return fail(*failure_);
    storage_ = pieces_[at_++];
    co_return http::Piece{storage_, at_ == pieces_.size() && failure_ == nullptr};
  }
  std::size_t asked() const { return at_; }

 private:
  std::vector<std::string> pieces_;
  const Reason* failure_;
  std::string storage_;
  std::size_t at_ = 0;
};

struct Drained {
  std::string bytes;
  const Reason* failure = nullptr;
};

// At most `most` pieces.
Task<void> drain(http::Body& body, Drained& drained, std::size_t most = 1000) {
  for (std::size_t i = 0; i < most; ++i) {
    auto piece = body.poll();
    if (!piece) {
      auto read = co_await body.read();
      piece.emplace(std::move(read));
    }
    if (!*piece) {
      drained.failure = piece->error().reason;
      co_return;
    }
    drained.bytes += (*piece)->bytes;
    if ((*piece)->last) co_return;
  }
}

Drained drain_now(http::Body& body, std::size_t most = 1000) {
  SimBench bench;
  Drained drained;
  run(bench, drain(body, drained, most));
  return drained;
}

TEST(ReplayBody, GivesTheSameAgainAfterARewind) {
  PiecesBody body({"one ", "two ", "three"});
  ReplayBody replay(body, true);
  EXPECT_TRUE(replay.repeatable());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(drain_now(replay).bytes, "one two three");
    EXPECT_TRUE(replay.complete());
    EXPECT_TRUE(replay.repeatable());
    replay.rewind();
  }
  EXPECT_EQ(body.asked(), 3U);
  EXPECT_EQ(replay.received(), 13U);
}

TEST(ReplayBody, GoesOnWhereTheFirstReaderStopped) {
  PiecesBody body({"one ", "two ", "three"});
  ReplayBody replay(body, true);
  EXPECT_EQ(drain_now(replay, 2).bytes, "one two ");
  EXPECT_FALSE(replay.complete());
  replay.rewind();
  EXPECT_EQ(drain_now(replay).bytes, "one two three");
}

TEST(ReplayBody, AfterItsEndItGivesTheEndAgain) {
  PiecesBody body({"one"});
  ReplayBody replay(body, true);
  drain_now(replay);
  const auto piece = replay.poll();
  ASSERT_TRUE(piece && *piece);
  EXPECT_TRUE((*piece)->last);
  EXPECT_EQ((*piece)->bytes, "");
}

TEST(ReplayBody, AnEmptyBodyIsRepeatable) {
  PiecesBody body({""});
  ReplayBody replay(body, true);
  EXPECT_EQ(drain_now(replay).bytes, "");
  replay.rewind();
  EXPECT_TRUE(replay.repeatable());
  EXPECT_EQ(drain_now(replay).bytes, "");
  EXPECT_EQ(body.asked(), 1U);
}

TEST(ReplayBody, KeepsUpToItsLimitAndNothingBeyond) {
  const std::string most(ReplayBody::kMost, 'x');
  PiecesBody whole({most});
  ReplayBody fits(whole, true);
  EXPECT_EQ(drain_now(fits).bytes, most);
  EXPECT_TRUE(fits.repeatable());

  PiecesBody longer({most, "!"});
  ReplayBody over(longer, true);
  EXPECT_EQ(drain_now(over).bytes, most + "!");
  EXPECT_FALSE(over.repeatable());
  EXPECT_EQ(over.received(), most.size() + 1);
}

TEST(ReplayBody, PassesOnWhatGoesOverTheLimitAfterARewind) {
  const std::string half(ReplayBody::kMost / 2, 'x');
  PiecesBody body({half, half + "y", "z"});
  ReplayBody replay(body, true);
  drain_now(replay, 1);
  replay.rewind();
  EXPECT_EQ(drain_now(replay).bytes, half + half + "yz");
  EXPECT_FALSE(replay.repeatable());
}

TEST(ReplayBody, WithoutKeepingItIsRepeatableOnlyUntilItsFirstByte) {
  PiecesBody body({"one", "two"});
  ReplayBody replay(body, false);
  EXPECT_TRUE(replay.repeatable());
  drain_now(replay, 1);
  EXPECT_FALSE(replay.repeatable());
}

TEST(ReplayBody, PassesAnErrorOn) {
  PiecesBody body({"one"}, &reasons::kRequestTimeout);
  ReplayBody replay(body, true);
  const auto drained = drain_now(replay);
  EXPECT_EQ(drained.bytes, "one");
  EXPECT_EQ(drained.failure, &reasons::kRequestTimeout);
  EXPECT_FALSE(replay.complete());
}

}  // namespace
}  // namespace penstock
