#include "http/body.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

#include "runtime/all_loops.h"

namespace penstock::http {
namespace {

constexpr Reason kUnwanted{"unwanted", 403, Side::client, "It is not wanted.", ""};

// Gives these pieces; the first `slow` of them only to who waits.
class Pieces final : public Body {
 public:
  explicit Pieces(std::deque<std::string> pieces, std::size_t slow = 0, bool fails = false)
      : pieces_(std::move(pieces)), slow_(slow), fails_(fails) {
    trailers_.add("X-Sum", "1");
  }
  std::optional<Result<Piece>> poll() override {
    if (slow_ > 0) return std::nullopt;
    return next();
  }
  Task<Result<Piece>> read() override {
    if (slow_ > 0) --slow_;
    co_return next();
  }
  const Fields& trailers() const override { return trailers_; }

 private:
  Result<Piece> next() {
    if (pieces_.empty()) return fails_ ? Result<Piece>(fail(kUnwanted)) : Piece{{}, true};
    given_ = pieces_.front();
    pieces_.pop_front();
    return Piece{given_, pieces_.empty() && !fails_};
  }
  std::deque<std::string> pieces_;
  std::size_t slow_;
  bool fails_;
  std::string given_;
  Fields trailers_;
};

class Bracketed final : public BodyAdapter {
 public:
  using BodyAdapter::BodyAdapter;

 private:
  Result<Piece> pass(const Piece& piece) override {
    if (piece.bytes == "no") return fail(kUnwanted);
    text_ = '<' + std::string(piece.bytes) + '>';
    return Piece{text_, piece.last};
  }
  std::string text_;
};

class Plain final : public BodyAdapter {
 public:
  using BodyAdapter::BodyAdapter;
};

Task<void> read_all(Body& body, std::string& text, const Reason*& failed) {
  for (;;) {
    auto piece = body.poll();
    if (!piece) {
      text += '~';  // It was waited for.
      piece.emplace(co_await body.read());
    }
    if (!*piece) {
      failed = (*piece).error().reason;
      co_return;
    }
    text += (*piece)->bytes;
    if ((*piece)->last) co_return;
  }
}

struct Heard {
  explicit Heard(Body& body) {
    SimLoop loop(1);
    Scope scope(loop);
    scope.spawn(read_all(body, text, failed));
    EXPECT_TRUE(loop.run_until_idle());
  }
  std::string text;
  const Reason* failed = nullptr;
};

TEST(TextBody, IsOnePiece) {
  TextBody body("text");
  const auto piece = body.poll();
  ASSERT_TRUE(piece && *piece);
  EXPECT_EQ((*piece)->bytes, "text");
  EXPECT_TRUE((*piece)->last);
  EXPECT_TRUE(body.trailers().empty());
}

TEST(BodyAdapter, PassesOnWhatItsSourceGives) {
  Pieces source({"a", "b", ""}, 1);
  Plain body(source);
  const Heard heard(body);
  EXPECT_EQ(heard.text, "~ab");
  EXPECT_EQ(heard.failed, nullptr);
  EXPECT_EQ(body.trailers().size(), 1U);
}

TEST(BodyAdapter, ChangesEveryPieceWhetherItWasWaitedForOrNot) {
  Pieces source({"a", "b", "c"}, 2);
  Bracketed body(source);
  EXPECT_EQ(Heard(body).text, "~<a>~<b><c>");
}

TEST(BodyAdapter, StandsOnAnother) {
  Pieces source({"a", "b"});
  Bracketed inner(source);
  Bracketed outer(static_cast<Body&>(inner));
  EXPECT_EQ(Heard(outer).text, "<<a>><<b>>");
}

TEST(BodyAdapter, EndsTheBodyWithItsOwnError) {
  for (const std::size_t slow : {0U, 2U}) {
    Pieces source({"a", "no", "c"}, slow);
    Bracketed body(source);
    const Heard heard(body);
    EXPECT_EQ(heard.text, slow == 0 ? "<a>" : "~<a>~");
    EXPECT_EQ(heard.failed, &kUnwanted);
  }
}

TEST(BodyAdapter, PassesItsSourcesErrorOn) {
  for (const std::size_t slow : {0U, 2U}) {
    Pieces source({"a"}, slow, true);
    Bracketed body(source);
    const Heard heard(body);
    EXPECT_EQ(heard.failed, &kUnwanted);
  }
}

}  // namespace
}  // namespace penstock::http
