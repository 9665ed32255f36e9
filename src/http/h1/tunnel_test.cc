#include "http/h1/tunnel.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1/two_ends.h"

namespace penstock::http::h1 {
namespace {

using namespace std::chrono_literals;

constexpr Duration kIdle = 10s;

// client ~ front [tunnel] back ~ service
struct Way {
  Pair front;
  Pair back;
};

using WayTest = Task<void> (*)(SimLoop& loop, Way& way);

Task<void> connect_way(SimBench& bench, Acceptor& acceptor, WayTest test) {
  auto front = co_await connected(bench.loop(), acceptor, bench.address());
  auto back = co_await connected(bench.loop(), acceptor, bench.address());
  Way way{std::move(front), std::move(back)};
  co_await test(bench.loop(), way);
}

void with_way(WayTest test) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    SimBench bench(seed);
    const auto acceptor = bench.acceptor();
    run(bench, connect_way(bench, *acceptor, test));
    if (::testing::Test::HasFailure()) return;
  }
}

Task<void> tunnel_through(SimLoop& loop, Way& way, Instant until, Tunnelled& result) {
  Input front(*way.front.server);
  Input back(*way.back.client);
  result = co_await tunnel(loop, front, back, kIdle, until);
}

TEST(Tunnel, CarriesBytesBothWaysAndPassesEachFinOn) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    Tunnelled result;
    Everything at_service;
    Everything at_client;
    Scope scope(loop);
    scope.spawn(tunnel_through(loop, way, kNever, result));
    scope.spawn(say(*way.front.client, numbered(200'000), Then::fin));
    scope.spawn(hear_all(*way.back.server, at_service));
    scope.spawn(say(*way.back.server, numbered(150'000), Then::fin));
    scope.spawn(hear_all(*way.front.client, at_client));
    co_await scope.join();
    EXPECT_EQ(at_service.bytes, numbered(200'000));
    EXPECT_EQ(at_service.end, Error::Kind::closed);
    EXPECT_EQ(at_client.bytes, numbered(150'000));
    EXPECT_EQ(at_client.end, Error::Kind::closed);
    EXPECT_EQ(result.end, Tunnelled::End::closed);
    EXPECT_EQ(result.forward, 200'000U);
    EXPECT_EQ(result.backward, 150'000U);
  });
}

TEST(Tunnel, AfterOneSidesFinTheOtherGoesOn) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    Tunnelled result;
    Scope scope(loop);
    scope.spawn(tunnel_through(loop, way, kNever, result));
    co_await say(*way.front.client, "question", Then::fin);
    const auto asked = co_await read_all(*way.back.server);
    EXPECT_EQ(asked.bytes, "question");
    co_await sleep_for(loop, kIdle / 2);
    co_await say(*way.back.server, "answer", Then::fin);
    const auto answered = co_await read_all(*way.front.client);
    EXPECT_EQ(answered.bytes, "answer");
    co_await scope.join();
    EXPECT_EQ(result.end, Tunnelled::End::closed);
  });
}

TEST(Tunnel, WhatHadArrivedGoesFirst) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    co_await say(*way.front.client, "early ");
    Input front(*way.front.server);
    while (front.bytes().size() < 6) {
      auto got = co_await way.front.server->recv(100, Timeout{});
      front.put(std::move(*got));
    }
    Input back(*way.back.client);
    Scope scope(loop);
    Everything heard;
    scope.spawn(say(*way.front.client, "late", Then::fin));
    scope.spawn(hear_all(*way.back.server, heard));
    way.back.server->shutdown_write();
    const auto result = co_await tunnel(loop, front, back, kIdle, kNever);
    co_await scope.join();
    EXPECT_EQ(heard.bytes, "early late");
    EXPECT_EQ(result.forward, 10U);
  });
}

TEST(Tunnel, EndsWhenNeitherSideHasSentAnythingForLong) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    const auto began = loop.now();
    Tunnelled result;
    co_await tunnel_through(loop, way, kNever, result);
    EXPECT_EQ(result.end, Tunnelled::End::idle);
    EXPECT_GE(loop.now() - began, kIdle);
    EXPECT_LE(loop.now() - began, kIdle + 1s);
  });
}

TEST(Tunnel, OneQuietDirectionIsNotIdleWhileTheOtherMoves) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    const auto began = loop.now();
    Tunnelled result;
    Everything heard;
    Scope scope(loop);
    scope.spawn(tunnel_through(loop, way, kNever, result));
    scope.spawn(hear_all(*way.front.client, heard));
    for (int i = 0; i < 10; ++i) {
      co_await sleep_for(loop, kIdle * 2 / 3);
      co_await say(*way.back.server, "tick");
    }
    const auto last = loop.now();
    EXPECT_GT(last - began, kIdle * 6);
    way.front.client->shutdown_write();
    way.back.server->shutdown_write();
    co_await scope.join();
    EXPECT_EQ(result.end, Tunnelled::End::closed);
    EXPECT_EQ(result.backward, 40U);
    EXPECT_EQ(heard.bytes.size(), 40U);
  });
}

TEST(Tunnel, EndsAtItsAgeHoweverBusy) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    const auto until = loop.now() + 1min;
    Tunnelled result;
    Scope scope(loop);
    Scope talk(loop);
    Everything heard;
    scope.spawn(tunnel_through(loop, way, until, result));
    talk.spawn(hear_all(*way.front.client, heard));
    while (loop.now() < until - 1s) {
      co_await say(*way.back.server, "tick");
      co_await sleep_for(loop, 1s);
    }
    co_await scope.join();
    EXPECT_EQ(result.end, Tunnelled::End::age);
    EXPECT_GE(loop.now(), until);
    EXPECT_LE(loop.now(), until + 1s);
    co_await talk.close();
  });
}

TEST(Tunnel, ASideThatTakesNothingIsIdle) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    Tunnelled result;
    Scope talk(loop);
    Scope scope(loop);
    // More than both windows and the tunnel hold.
    Everything nothing;
    scope.spawn(tunnel_through(loop, way, kNever, result));
    auto full = numbered(400'000);
    const auto sent = co_await way.front.client->send(full, {.idle = kIdle * 3});
    EXPECT_FALSE(sent.has_value());
    co_await scope.join();
    EXPECT_EQ(result.end, Tunnelled::End::idle);
  });
}

TEST(Tunnel, AResetOfOneSideEndsIt) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    Tunnelled result;
    Scope scope(loop);
    scope.spawn(tunnel_through(loop, way, kNever, result));
    co_await say(*way.front.client, "hello");
    way.back.server->reset_on_close();
    way.back.server.reset();
    co_await scope.join();
    EXPECT_EQ(result.end, Tunnelled::End::closed);
  });
}

TEST(Tunnel, CancellingItEndsBothWays) {
  with_way([](SimLoop& loop, Way& way) -> Task<void> {
    Tunnelled result;
    Scope scope(loop);
    scope.spawn(tunnel_through(loop, way, kNever, result));
    co_await scope.close();
    EXPECT_EQ(result.end, Tunnelled::End::cancelled);
  });
}

}  // namespace
}  // namespace penstock::http::h1
