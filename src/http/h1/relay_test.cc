#include "http/h1/relay.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "http/h1/two_ends.h"

namespace penstock::http::h1 {
namespace {

using namespace std::chrono_literals;

// A body of pieces, each of which is there at once or only after a pause; then its end or an error.
class ScriptedBody final : public Body {
 public:
  struct Part {
    std::string bytes;
    Duration pause{};
  };
  ScriptedBody(Loop& loop, std::vector<Part> parts, const Reason* failure = nullptr)
      : loop_(loop), parts_(std::move(parts)), failure_(failure) {}

  std::optional<Result<Piece>> poll() override {
    if (at_ < parts_.size() && parts_[at_].pause > Duration{}) return std::nullopt;
    return next();
  }
  Task<Result<Piece>> read() override {
    if (at_ < parts_.size()) co_await sleep_for(loop_, parts_[at_].pause);
    co_return next();
  }
  const Fields& trailers() const override { return trailers_; }
  Fields& trailers() { return trailers_; }
  std::size_t asked() const { return at_; }

 private:
  Result<Piece> next() {
    if (at_ < parts_.size()) {
      const auto& part = parts_[at_++];
      return Piece{part.bytes, failure_ == nullptr && at_ == parts_.size()};
    }
    if (failure_ != nullptr) return fail(*failure_);
    return Piece{{}, true};
  }

  Loop& loop_;
  std::vector<Part> parts_;
  const Reason* failure_;
  Fields trailers_;
  std::size_t at_ = 0;
};

struct Relayed {
  Sent sent;
  Everything heard;
};

// Relays all of a body to the other end, then closes.
Task<Relayed> relay_all(SimLoop& loop, Pair& ends, Body& body, Framing framing,
                        std::string head = "HEAD|") {
  Relayed relayed;
  Scope scope(loop);
  scope.spawn(hear_all(*ends.client, relayed.heard));
  relayed.sent = co_await relay(*ends.server, body, framing, head, Timeout{});
  EXPECT_EQ(head, "");
  ends.server->shutdown_write();
  co_await scope.join();
  co_return relayed;
}

TEST(Relay, SendsHeadAndBodyAsTheyAre) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody body(loop, {{numbered(10)}, {numbered(50'000), 1s}, {numbered(5000)}});
    const auto relayed = co_await relay_all(loop, ends, body, Framing::length);
    EXPECT_EQ(relayed.sent.end, Sent::End::whole);
    EXPECT_EQ(relayed.sent.bytes, 55'010U);
    EXPECT_EQ(relayed.heard.bytes, "HEAD|" + numbered(10) + numbered(50'000) + numbered(5000));
  });
}

TEST(Relay, FramesEachPieceAsAChunk) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    const auto large = numbered(0x1234);
    ScriptedBody body(loop, {{"abc"}, {large}, {""}, {"z", 1s}});
    body.trailers().add("X-Sum", "1");
    const auto relayed = co_await relay_all(loop, ends, body, Framing::chunked);
    EXPECT_EQ(relayed.sent.bytes, 3 + large.size() + 1);
    EXPECT_EQ(relayed.heard.bytes,
              "HEAD|3\r\nabc\r\n1234\r\n" + large + "\r\n1\r\nz\r\n0\r\nX-Sum: 1\r\n\r\n");
  });
}

TEST(Relay, AnEmptyBodyIsOnlyItsEnd) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody chunks(loop, {});
    const auto chunked = co_await relay_all(loop, ends, chunks, Framing::chunked);
    EXPECT_EQ(chunked.heard.bytes, "HEAD|0\r\n\r\n");
    EXPECT_EQ(chunked.sent.bytes, 0U);
  });
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody none(loop, {});
    const auto plain = co_await relay_all(loop, ends, none, Framing::until_close, "");
    EXPECT_EQ(plain.heard.bytes, "");
    EXPECT_EQ(plain.sent.end, Sent::End::whole);
  });
}

Task<void> relay_into(Stream& to, Body& body, Framing framing, std::string head, Sent& sent) {
  sent = co_await relay(to, body, framing, head, Timeout{.idle = 5s});
  EXPECT_EQ(head, "");  // However it ended.
}

TEST(Relay, TheHeadDoesNotWaitForTheBody) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody body(loop, {{"late", 1h}});
    Sent sent;
    Scope scope(loop);
    scope.spawn(relay_into(*ends.server, body, Framing::length, "HEAD|", sent));
    const auto began = loop.now();
    const auto heard = co_await hear_until(*ends.client, "|");
    EXPECT_EQ(heard, "HEAD|");
    EXPECT_LT(loop.now() - began, 1min);
    const auto rest = co_await hear_until(*ends.client, "late");
    EXPECT_EQ(rest, "late");
    co_await scope.join();
  });
}

TEST(Relay, ABodyThatFailsAtOnceStillSendsTheHead) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody body(loop, {}, &reasons::kUpstreamIncomplete);
    const auto relayed = co_await relay_all(loop, ends, body, Framing::chunked);
    EXPECT_EQ(relayed.sent.end, Sent::End::source_failed);
    EXPECT_EQ(relayed.sent.error.reason, &reasons::kUpstreamIncomplete);
    EXPECT_EQ(relayed.heard.bytes, "HEAD|");
  });
}

TEST(Relay, ABodyThatFailsLaterHasNoLastChunk) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody body(loop, {{"abc"}, {"def", 1s}}, &reasons::kIdleTimeout);
    const auto relayed = co_await relay_all(loop, ends, body, Framing::chunked);
    EXPECT_EQ(relayed.sent.end, Sent::End::source_failed);
    EXPECT_EQ(relayed.sent.error.reason, &reasons::kIdleTimeout);
    EXPECT_EQ(relayed.sent.bytes, 6U);
    EXPECT_EQ(relayed.heard.bytes, "HEAD|3\r\nabc\r\n3\r\ndef\r\n");
  });
}

TEST(Relay, AReceiverThatIsGoneEndsIt) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ends.client->reset_on_close();
    ends.client.reset();
    ScriptedBody body(loop, std::vector<ScriptedBody::Part>(100, {numbered(10'000), 10ms}));
    Sent sent;
    co_await relay_into(*ends.server, body, Framing::length, "HEAD|", sent);
    EXPECT_EQ(sent.end, Sent::End::client_gone);
    EXPECT_EQ(sent.error.kind, Error::Kind::reset);
  });
}

TEST(Relay, WhatCouldNotBeSentIsNotSentLater) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ends.client->reset_on_close();
    ends.client.reset();
    co_await sleep_for(loop, 1s);
    ScriptedBody body(loop, {{"small"}});
    Sent sent;
    co_await relay_into(*ends.server, body, Framing::length, "", sent);
    EXPECT_EQ(sent.end, Sent::End::client_gone);
    EXPECT_EQ(sent.bytes, 0U);
  });
}

TEST(Relay, AReceiverThatTakesNothingIsGoneAfterItsTimeAndCostsOnePiece) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    ScriptedBody body(loop, std::vector<ScriptedBody::Part>(100, {numbered(40'000)}));
    Sent sent;
    const auto began = loop.now();
    co_await relay_into(*ends.server, body, Framing::length, "HEAD|", sent);
    EXPECT_EQ(sent.end, Sent::End::client_gone);
    EXPECT_EQ(sent.error.kind, Error::Kind::timed_out);
    EXPECT_GE(loop.now() - began, 5s);
    // The window holds 64 KiB.
    EXPECT_LE(body.asked(), 2U);
  });
}

}  // namespace
}  // namespace penstock::http::h1
