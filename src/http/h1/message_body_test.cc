#include "http/h1/message_body.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1/two_ends.h"

namespace penstock::http::h1 {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kNoLimit = UINT64_MAX;

struct Drained {
  std::string bytes;
  const Reason* failure = nullptr;
  Error::Kind kind{};
};

Task<Drained> drain(Body& body) {
  Drained drained;
  for (;;) {
    const auto piece = co_await body.read();
    if (!piece) {
      drained.failure = piece.error().reason;
      drained.kind = piece.error().kind;
      co_return drained;
    }
    drained.bytes += piece->bytes;
    if (piece->last) co_return drained;
  }
}

// `content` in chunks of sizes that vary.
std::string chunked(const std::string& content, const std::string& trailers = {}) {
  std::string coded;
  std::size_t size = 1;
  for (std::size_t at = 0; at < content.size(); at += size) {
    size = std::min(size * 3 % 5003, content.size() - at);
    std::array<char, kChunkHead> buffer{};
    coded += std::string(chunk_head(buffer, size)) + content.substr(at, size) + "\r\n";
  }
  return coded + "0\r\n" + trailers + "\r\n";
}

TEST(MessageBody, WithoutContentItIsCompleteAtOnce) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::none, 0, kNoLimit, {});
    EXPECT_TRUE(body.complete());
    const auto piece = body.poll();
    EXPECT_TRUE(piece && *piece && (*piece)->last && (*piece)->bytes.empty());
    body.begin(Framing::length, 0, 0, {});
    EXPECT_TRUE(body.complete());
    co_return;
  });
}

TEST(MessageBody, WhatIsWrongShowsBeforeAnythingIsGiven) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "5\r\nhello\r\nx\r\n");
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    co_await gather(input, "x\r\n");
    body.begin(Framing::chunked, 0, kNoLimit, {});
    const auto sound = body.look_ahead();
    EXPECT_TRUE(!sound && sound.error().reason == &reasons::kMalformedRequest);
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, "");
    EXPECT_EQ(drained.failure, &reasons::kMalformedRequest);
  });
}

TEST(MessageBody, WhatWasLookedAtIsGivenOnceAndLeavesTheNextMessage) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "5\r\nhello\r\n0\r\n\r\n3\r\nyou\r\n0\r\n\r\nNEXT");
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    co_await gather(input, "NEXT");
    body.begin(Framing::chunked, 0, kNoLimit, {});
    EXPECT_TRUE(body.look_ahead().has_value());
    EXPECT_TRUE(body.look_ahead().has_value());
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, "hello");
    body.settle();
    body.begin(Framing::chunked, 0, kNoLimit, {});
    EXPECT_TRUE(body.look_ahead().has_value());
    body.settle();  // Nobody wanted the second one.
    EXPECT_EQ(input.bytes(), "NEXT");
  });
}

TEST(MessageBody, EndsWithItsLengthAndLeavesTheNextMessage) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Scope scope(loop);
    const auto content = numbered(100'000);
    scope.spawn(say(*ends.client, content + "NEXT"));
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::length, content.size(), content.size(), {});
    EXPECT_FALSE(body.complete());
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, content);
    EXPECT_EQ(drained.failure, nullptr);
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(body.received(), content.size());
    body.settle();
    co_await scope.join();
    while (input.bytes().size() < 4) {
      auto got = co_await ends.server->recv(100, Timeout{});
      input.put(std::move(*got));
    }
    EXPECT_EQ(input.bytes(), "NEXT");
  });
}

TEST(MessageBody, EndsWithItsLastChunkAndLeavesTheNextMessage) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Scope scope(loop);
    const auto content = numbered(100'000);
    scope.spawn(say(*ends.client, chunked(content, "X-Sum: 5\r\n") + "NEXT"));
    Input input(*ends.server);
    MessageBody body(loop, input, Side::upstream);
    body.begin(Framing::chunked, 0, kNoLimit, {});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, content);
    EXPECT_TRUE(body.complete());
    const auto* const sum = body.trailers().find("x-sum");
    EXPECT_TRUE(sum != nullptr && sum->value == "5");
    body.settle();
    co_await scope.join();
    while (input.bytes().size() < 4) {
      auto got = co_await ends.server->recv(100, Timeout{});
      input.put(std::move(*got));
    }
    EXPECT_EQ(input.bytes(), "NEXT");
  });
}

TEST(MessageBody, ManyTinyChunksThatAreThereAreOnePiece) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "1\r\na\r\n1\r\nb\r\n1;x=y\r\nc\r\n0\r\n\r\n");
    Input input(*ends.server);
    while (input.bytes().size() < 27) {
      auto got = co_await ends.server->recv(100, Timeout{});
      input.put(std::move(*got));
    }
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::chunked, 0, kNoLimit, {});
    const auto piece = body.poll();
    EXPECT_TRUE(piece && *piece && (*piece)->last && (*piece)->bytes == "abc");
  });
}

TEST(MessageBody, UntilCloseEndsWithTheFin) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Scope scope(loop);
    const auto content = numbered(50'000);
    scope.spawn(say(*ends.client, content, Then::fin));
    Input input(*ends.server);
    MessageBody body(loop, input, Side::upstream);
    body.begin(Framing::until_close, 0, kNoLimit, {});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, content);
    EXPECT_EQ(drained.failure, nullptr);
    EXPECT_TRUE(body.complete());
    co_await scope.join();
  });
}

TEST(MessageBody, UntilCloseIsNotWholeAfterAReset) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "begun");
    ends.client->reset_on_close();
    ends.client.reset();
    Input input(*ends.server);
    MessageBody body(loop, input, Side::upstream);
    body.begin(Framing::until_close, 0, kNoLimit, {});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.failure, &reasons::kUpstreamIncomplete);
    EXPECT_FALSE(body.complete());
  });
}

TEST(MessageBody, CutShortNamesTheReasonThatFitsTheSender) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "short", Then::fin);
    Input input(*ends.server);
    MessageBody from_client(loop, input, Side::client);
    from_client.begin(Framing::length, 10, kNoLimit, {});
    const auto first = co_await drain(from_client);
    EXPECT_EQ(first.bytes, "short");
    EXPECT_EQ(first.failure, &reasons::kClientClosed);
    MessageBody from_service(loop, input, Side::upstream);
    from_service.begin(Framing::length, 10, kNoLimit, {});
    const auto second = co_await drain(from_service);
    EXPECT_EQ(second.failure, &reasons::kUpstreamIncomplete);
    from_service.begin(Framing::chunked, 0, kNoLimit, {});
    const auto third = co_await drain(from_service);
    EXPECT_EQ(third.failure, &reasons::kUpstreamIncomplete);
    EXPECT_FALSE(from_service.complete());
  });
}

TEST(MessageBody, BadChunksNameTheReasonThatFitsTheSender) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "xyz\r\n");
    Input input(*ends.server);
    MessageBody body(loop, input, Side::upstream);
    body.begin(Framing::chunked, 0, kNoLimit, {});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.failure, &reasons::kUpstreamMalformed);
    EXPECT_FALSE(body.complete());
  });
}

TEST(MessageBody, ALengthOverTheLimitIsRefusedBeforeAByteIsRead) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::length, 11, 10, {});
    const auto piece = body.poll();
    EXPECT_TRUE(piece && !*piece && piece->error().reason == &reasons::kBodyTooLarge);
    co_return;
  });
}

TEST(MessageBody, ChunksOverTheLimitAreRefused) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, chunked(numbered(1001)));
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::chunked, 0, 1000, {});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.failure, &reasons::kBodyTooLarge);
    EXPECT_LE(drained.bytes.size(), 1000U);
    EXPECT_FALSE(body.complete());
  });
}

TEST(MessageBody, ChunksUpToTheLimitAreTaken) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, chunked(numbered(1000)));
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::chunked, 0, 1000, {});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, numbered(1000));
    EXPECT_TRUE(body.complete());
  });
}

TEST(MessageBody, AClientThatPausesTooLongIsARequestTimeout) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, "some");
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::length, 10, kNoLimit, {.idle = 5s});
    const auto drained = co_await drain(body);
    EXPECT_EQ(drained.bytes, "some");
    EXPECT_EQ(drained.failure, &reasons::kRequestTimeout);
  });
}

TEST(MessageBody, AServiceThatPausesTooLongIsIdleOrOverItsTotal) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Input input(*ends.server);
    MessageBody body(loop, input, Side::upstream);
    body.begin(Framing::length, 10, kNoLimit, {.idle = 5s, .until = loop.now() + 60s});
    const auto idle = co_await drain(body);
    EXPECT_EQ(idle.failure, &reasons::kIdleTimeout);
    body.begin(Framing::length, 10, kNoLimit, {.idle = 5s});
    body.set_timeout({.idle = 5s, .until = loop.now() + 2s});
    const auto total = co_await drain(body);
    EXPECT_EQ(total.failure, &reasons::kTotalTimeout);
  });
}

Task<void> drain_into(Body& body, Drained& drained) {
  drained = co_await drain(body);
}

TEST(MessageBody, ACancelledReadSaysSo) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::length, 10, kNoLimit, {});
    Drained drained;
    Scope scope(loop);
    scope.spawn(drain_into(body, drained));
    co_await scope.close();
    EXPECT_EQ(drained.kind, Error::Kind::cancelled);
    EXPECT_EQ(drained.failure, nullptr);
  });
}

TEST(MessageBody, ServesOneMessageAfterAnother) {
  with_two_ends([](SimLoop& loop, Pair& ends) -> Task<void> {
    co_await say(*ends.client, chunked("first", "A: 1\r\n") + "second" + chunked("third"));
    Input input(*ends.server);
    MessageBody body(loop, input, Side::client);
    body.begin(Framing::chunked, 0, kNoLimit, {});
    const auto first = co_await drain(body);
    EXPECT_EQ(first.bytes, "first");
    body.settle();
    body.begin(Framing::length, 6, kNoLimit, {});
    const auto second = co_await drain(body);
    EXPECT_EQ(second.bytes, "second");
    body.settle();
    body.begin(Framing::chunked, 0, kNoLimit, {});
    const auto third = co_await drain(body);
    EXPECT_EQ(third.bytes, "third");
    EXPECT_TRUE(body.trailers().empty());
    body.settle();
    EXPECT_TRUE(input.empty());
  });
}

}  // namespace
}  // namespace penstock::http::h1
