// How requests are spread over endpoints, by many workers that know nothing of one another but what
// is in flight.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "runtime/scope.h"
#include "runtime/sim/sim_loop.h"
#include "upstream/service.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;
using enum BalanceStrategy;

constexpr std::uint64_t kSeeds = 20;
constexpr auto kAll = {round_robin, least_connections, random};

// The same service on every worker, and what its endpoints got.
class Fleet {
 public:
  Fleet(std::uint64_t seed, BalanceStrategy strategy, std::size_t workers,
        const std::vector<std::uint32_t>& weights)
      : loop(seed) {
    auto made = std::make_shared<EndpointSet>();
    for (const auto weight : weights) {
      auto& endpoint = made->endpoints.emplace_back();
      endpoint.text = std::to_string(made->endpoints.size());
      endpoint.weight = weight;
      endpoint.state = std::make_shared<EndpointState>();
    }
    made->plan_rounds();
    set = std::move(made);
    ServiceConfig config;
    config.load_balancing.strategy = strategy;
    for (std::size_t i = 0; i < workers; ++i) {
      services.push_back(std::make_unique<Service>(loop, store, config, 1U));
      services.back()->adopt(set);
    }
    pace.assign(weights.size(), 10ms);
    given.assign(weights.size(), 0);
    peak.assign(weights.size(), 0);
  }
  ~Fleet() {
    EXPECT_TRUE(loop.run_until([this] { return scope.empty(); }, 1h));
    for (const auto& endpoint : set->endpoints) EXPECT_EQ(endpoint.state->in_flight(), 0U);
  }

  std::uint32_t choose(std::size_t worker, const EndpointState* avoid = nullptr) {
    const auto chosen = services[worker]->choose(*set, avoid);
    ++given[chosen];
    return chosen;
  }
  // Clients that ask again as soon as they are answered, so many on every worker.
  void run_clients(int on_each_worker, int requests) {
    for (std::size_t worker = 0; worker < services.size(); ++worker)
      for (int i = 0; i < on_each_worker; ++i) scope.spawn(ask(*this, worker, requests));
    EXPECT_TRUE(loop.run_until([this] { return scope.empty(); }, 10h));
  }
  double share(std::size_t endpoint) const {
    return static_cast<double>(given[endpoint]) /
           static_cast<double>(std::accumulate(given.begin(), given.end(), 0));
  }

  SimLoop loop;
  MetricStore store;
  std::shared_ptr<const EndpointSet> set;
  std::vector<std::unique_ptr<Service>> services;
  std::vector<Duration>
      pace;  // What an endpoint takes for an answer, half or once and a half that.
  std::vector<int> given;
  std::vector<std::uint32_t> peak;  // Most in flight at once.
  Scope scope{loop};

 private:
  static Task<void> ask(Fleet& fleet, std::size_t worker, int requests) {
    for (int i = 0; i < requests; ++i) {
      const auto chosen = fleet.choose(worker);
      auto& state = *fleet.set->endpoints[chosen].state;
      const InFlight flight(state);
      fleet.peak[chosen] = std::max(fleet.peak[chosen], state.in_flight());
      const auto pace = static_cast<std::uint64_t>(fleet.pace[chosen].count());
      co_await sleep_for(
          fleet.loop,
          Duration(static_cast<std::int64_t>(pace / 2 + fleet.loop.random().below(pace))));
    }
  }
};

// --- Round robin

TEST(RoundRobin, WholeRoundsAreExactOnAllWorkersTogether) {
  const std::vector<std::uint32_t> weights{5, 1, 3, 0, 2, 10};
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Fleet fleet(seed, round_robin, 8, weights);
    for (int round = 1; round <= 10; ++round) {
      for (std::size_t worker = 0; worker < 8; ++worker)
        for (std::size_t turn = 0; turn < fleet.set->rounds.size(); ++turn) fleet.choose(worker);
      for (std::size_t i = 0; i < weights.size(); ++i)
        ASSERT_EQ(fleet.given[i], 8 * round * static_cast<int>(weights[i])) << "endpoint " << i;
    }
  }
}

// A worker begins anywhere in the round: less than a turn off there, and less where it stops.
TEST(RoundRobin, AWorkerIsNeverTwoTurnsOff) {
  const std::vector<std::uint32_t> weights{5, 1, 3, 1, 2, 10};
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Fleet fleet(seed, round_robin, 1, weights);
    for (int turn = 1; turn <= 500; ++turn) {
      fleet.choose(0);
      for (std::size_t i = 0; i < weights.size(); ++i)
        ASSERT_LT(std::abs(fleet.given[i] - turn * static_cast<double>(weights[i]) / 22), 2.0);
    }
  }
}

TEST(RoundRobin, EqualEndpointsDifferByOneAtMost) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Fleet fleet(seed, round_robin, 1, std::vector<std::uint32_t>(7, 1));
    for (int turn = 0; turn < 200; ++turn) {
      fleet.choose(0);
      const auto [least, most] = std::minmax_element(fleet.given.begin(), fleet.given.end());
      ASSERT_LE(*most - *least, 1);
    }
  }
}

// --- Least connections

TEST(LeastConnections, InFlightStaysEvenWithASlowEndpoint) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Fleet fleet(seed, least_connections, 8, {1, 1, 1, 1});
    fleet.pace[2] = 500ms;
    fleet.run_clients(5, 100);
    for (const auto peak : fleet.peak) ASSERT_LE(peak, 10U);  // 40 clients, 4 endpoints.
    ASSERT_LT(fleet.share(2), 0.05);
  }
}

// What it spares: by turns nearly every client ends up waiting for the slow endpoint.
TEST(LeastConnections, RoundRobinDoesNotKeepItEven) {
  Fleet fleet(1, round_robin, 8, {1, 1, 1, 1});
  fleet.pace[2] = 500ms;
  fleet.run_clients(5, 100);
  EXPECT_GT(fleet.peak[2], 30U);
  EXPECT_NEAR(fleet.share(2), 0.25, 0.01);
}

TEST(LeastConnections, WhatIsInFlightFollowsTheWeights) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Fleet fleet(seed, least_connections, 4, {1, 2, 0, 5});
    fleet.run_clients(10, 200);  // 40 at once.
    ASSERT_LE(fleet.peak[0], 6U);
    ASSERT_LE(fleet.peak[1], 11U);
    ASSERT_EQ(fleet.peak[2], 0U);
    ASSERT_LE(fleet.peak[3], 26U);
    ASSERT_NEAR(fleet.share(0), 0.125, 0.02);
    ASSERT_NEAR(fleet.share(3), 0.625, 0.02);
  }
}

TEST(LeastConnections, AmongManyEndpointsNoneIsOverlooked) {
  Fleet fleet(1, least_connections, 4, std::vector<std::uint32_t>(500, 1));
  fleet.run_clients(250, 20);  // Two for each endpoint at once.
  for (std::size_t i = 0; i < 500; ++i) {
    ASSERT_GT(fleet.given[i], 0);
    ASSERT_LE(fleet.peak[i], 4U);
  }
}

// --- Random of two

// A hundred requests for each of a hundred endpoints, none of which ends: by chance alone the
// fullest would have some thirty more than its share.
TEST(RandomOfTwo, TheFullestEndpointHasLittleMoreThanItsShare) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Fleet fleet(seed, random, 8, std::vector<std::uint32_t>(100, 1));
    std::vector<InFlight> flights;
    for (std::size_t i = 0; i < 10'000; ++i)
      flights.emplace_back(*fleet.set->endpoints[fleet.choose(i % 8)].state);
    ASSERT_LE(*std::max_element(fleet.given.begin(), fleet.given.end()), 104);
  }
}

TEST(RandomOfTwo, ASlowEndpointGetsFewer) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Fleet fleet(seed, random, 8, {1, 1, 1, 1});
    fleet.pace[2] = 500ms;
    fleet.run_clients(5, 100);
    ASSERT_LE(fleet.peak[2], 14U);
    ASSERT_LT(fleet.share(2), 0.06);
  }
}

TEST(RandomOfTwo, SharesFollowTheWeights) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Fleet fleet(seed, random, 4, {1, 2, 0, 5});
    fleet.run_clients(10, 200);
    ASSERT_EQ(fleet.given[2], 0);
    ASSERT_NEAR(fleet.share(0), 0.125, 0.03);
    ASSERT_NEAR(fleet.share(3), 0.625, 0.03);
  }
}

// --- Whatever the strategy

// Endpoints come and go; what is chosen is one that is there, if there is any, and not the one of
// the try before, if there is another.
TEST(Balance, OnlyWhatIsThereIsChosen) {
  for (const auto strategy : kAll) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      SCOPED_TRACE(::testing::Message() << static_cast<int>(strategy) << " seed " << seed);
      const std::vector<std::uint32_t> weights{1, 0, 3, 1, 2, 0, 7};
      Fleet fleet(seed, strategy, 4, weights);
      Random random(seed);
      std::vector<InFlight> flights(20);
      for (std::size_t i = 0; i < 2000; ++i) {
        const auto& endpoints = fleet.set->endpoints;
        if (random.below(10) == 0)
          endpoints[random.below(weights.size())].state->connect_failed(fleet.loop.now());
        if (random.below(5) == 0) fleet.loop.run_for(300ms);
        const auto* const avoid =
            random.below(2) == 0 ? nullptr : endpoints[random.below(weights.size())].state.get();
        int usable = 0;
        int others = 0;
        for (const auto& endpoint : endpoints) {
          if (endpoint.weight == 0 || endpoint.state->ejected(fleet.loop.now())) continue;
          ++usable;
          if (endpoint.state.get() != avoid) ++others;
        }
        const auto& chosen = endpoints[fleet.choose(random.below(4), avoid)];
        flights[i % 20] = InFlight(*chosen.state);
        ASSERT_NE(chosen.weight, 0U);
        if (usable > 0) ASSERT_FALSE(chosen.state->ejected(fleet.loop.now()));
        if (others > 0) ASSERT_NE(chosen.state.get(), avoid);
      }
    }
  }
}

}  // namespace
}  // namespace penstock::sim
