#include "exchange/exchange.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

TEST(Exchange, RemembersNothingOfTheOneBefore) {
  SimLoop loop(1);
  Exchange exchange(loop);
  exchange.request.method_text = "GET";
  exchange.request.fields.add("X", "y");
  exchange.fault = Error{};
  exchange.request_id = exchange.arena().copy("id");
  exchange.upstream = {
      .service = "s", .endpoint = "e", .attempts = 2, .status = 200, .latency = Duration(1)};
  exchange.reject(reasons::kNoRoute, "detail");
  exchange.status_sent = 404;
  exchange.delivered = true;
  exchange.bytes_in = exchange.bytes_out = 1;
  exchange.clear();
  EXPECT_EQ(exchange.request.method_text, "");
  EXPECT_TRUE(exchange.request.fields.empty());
  EXPECT_FALSE(exchange.fault.has_value());
  EXPECT_EQ(exchange.request_id, "");
  EXPECT_EQ(exchange.upstream.attempts, 0U);
  EXPECT_EQ(exchange.upstream.status, 0);
  EXPECT_FALSE(exchange.upstream.latency.has_value());
  EXPECT_FALSE(exchange.answered());
  EXPECT_EQ(exchange.reason, nullptr);
  EXPECT_EQ(exchange.detail, "");
  EXPECT_EQ(exchange.status_sent, 0);
  EXPECT_FALSE(exchange.delivered);
  EXPECT_EQ(exchange.bytes_in + exchange.bytes_out, 0U);
}

TEST(Exchange, ARefusalReplacesTheAnswer) {
  SimLoop loop(1);
  Exchange exchange(loop);
  exchange.response.status = 200;
  exchange.response.fields.add("X", "y");
  exchange.response_body = &exchange.text;
  exchange.reject(reasons::kUpstreamMalformed);
  EXPECT_TRUE(exchange.answered());
  EXPECT_EQ(exchange.response.status, 502);
  EXPECT_TRUE(exchange.response.fields.empty());
  EXPECT_EQ(exchange.response_body, nullptr);
  EXPECT_EQ(exchange.reason, &reasons::kUpstreamMalformed);
}

TEST(ExchangePool, GivesTheSameOneAgainAndKeepsNoMoreThanItMay) {
  SimLoop loop(1);
  ExchangePool pool(loop);
  auto exchange = pool.take();
  const auto* const first = exchange.get();
  exchange->status_sent = 200;
  pool.give_back(std::move(exchange));
  exchange = pool.take();
  EXPECT_EQ(exchange.get(), first);
  EXPECT_EQ(exchange->status_sent, 0);
  std::vector<std::unique_ptr<Exchange>> many;
  for (std::size_t i = 0; i < ExchangePool::kKeep + 10; ++i) many.push_back(pool.take());
  for (auto& each : many) pool.give_back(std::move(each));
}

}  // namespace
}  // namespace penstock
