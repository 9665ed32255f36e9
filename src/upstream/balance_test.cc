#include "upstream/balance.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace penstock {
namespace {

using Chosen = std::map<std::uint32_t, int>;
using enum BalanceStrategy;

constexpr auto kAll = {round_robin, least_connections, random};
constexpr Instant kNow{std::chrono::hours(1)};

EndpointSet set_of(std::vector<std::uint32_t> weights) {
  EndpointSet set;
  for (const auto weight : weights) {
    auto& endpoint = set.endpoints.emplace_back();
    endpoint.weight = weight;
    endpoint.state = std::make_shared<EndpointState>();
  }
  set.plan_rounds();
  return set;
}

void eject(const EndpointSet& set, std::vector<std::uint32_t> endpoints) {
  for (const auto endpoint : endpoints) set.endpoints[endpoint].state->connect_failed(kNow);
}

// What is in flight until the end of the test.
class Load {
 public:
  void add(const EndpointSet& set, std::uint32_t endpoint, int times = 1) {
    const auto& state = set.endpoints[endpoint].state;
    states_.push_back(state);
    for (int i = 0; i < times; ++i) flights_.emplace_back(*state);
  }

 private:
  std::vector<std::shared_ptr<EndpointState>> states_;  // They outlive what counts on them.
  std::vector<InFlight> flights_;
};

class BalanceTest : public ::testing::Test {
 protected:
  Balance balance(BalanceStrategy strategy) { return {strategy, random_}; }

  // Of requests that end before the next begins.
  Chosen choose(BalanceStrategy strategy, const EndpointSet& set, int times,
                std::uint32_t avoid = Balance::kNone) {
    auto balance = this->balance(strategy);
    const auto* const state = avoid == Balance::kNone ? nullptr : set.endpoints[avoid].state.get();
    Chosen chosen;
    for (int i = 0; i < times; ++i) ++chosen[balance.choose(set, state, kNow)];
    return chosen;
  }

  Random random_{1};
};

// --- Whatever the strategy

TEST_F(BalanceTest, NoEndpointIsNone) {
  for (const auto strategy : kAll) {
    EXPECT_EQ(balance(strategy).choose(set_of({}), nullptr, kNow), Balance::kNone);
    EXPECT_EQ(balance(strategy).choose(set_of({0, 0}), nullptr, kNow), Balance::kNone);
  }
}

TEST_F(BalanceTest, WeightZeroGetsNothing) {
  Load load;
  const auto set = set_of({0, 1, 0, 1});
  load.add(set, 1, 100);
  load.add(set, 3, 100);
  for (const auto strategy : kAll) {
    const auto chosen = choose(strategy, set, 1000);
    EXPECT_EQ(chosen.count(0) + chosen.count(2), 0U);
  }
}

TEST_F(BalanceTest, AnEjectedEndpointIsPassedOverUntilItsTimeIsUp) {
  for (const auto strategy : kAll) {
    const auto set = set_of({1, 1, 1});
    eject(set, {0, 2});
    EXPECT_EQ(choose(strategy, set, 100), (Chosen{{1, 100}}));
    auto balance = this->balance(strategy);
    std::set<std::uint32_t> later;
    for (int i = 0; i < 100; ++i)
      later.insert(balance.choose(set, nullptr, kNow + EndpointState::kFirstEjection));
    EXPECT_EQ(later.size(), 3U);
  }
}

TEST_F(BalanceTest, WhenAllAreEjectedAllAreTried) {
  for (const auto strategy : kAll) {
    const auto set = set_of({1, 1});
    eject(set, {0, 1});
    const auto chosen = choose(strategy, set, 100);
    EXPECT_GT(chosen.at(0), 20);
    EXPECT_GT(chosen.at(1), 20);
  }
}

TEST_F(BalanceTest, TheEndpointOfTheTryBeforeIsAvoided) {
  for (const auto strategy : kAll) {
    Load load;
    const auto set = set_of({1, 8, 1});
    load.add(set, 0, 10);
    load.add(set, 2, 10);
    EXPECT_EQ(choose(strategy, set, 300, 1).count(1), 0U);
  }
}

TEST_F(BalanceTest, TheEndpointOfTheTryBeforeIsTakenIfThereIsNoOther) {
  for (const auto strategy : kAll) {
    EXPECT_EQ(choose(strategy, set_of({1}), 3, 0), (Chosen{{0, 3}}));
    // One that is not ejected is better than another that is.
    const auto set = set_of({1, 1});
    eject(set, {1});
    EXPECT_EQ(choose(strategy, set, 3, 0), (Chosen{{0, 3}}));
  }
}

TEST_F(BalanceTest, WorkersBeginAtDifferentPlaces) {
  const auto set = set_of({1, 1, 1, 1, 1, 1, 1, 1});
  for (const auto strategy : kAll) {
    std::set<std::uint32_t> first;
    for (int i = 0; i < 20; ++i) first.insert(balance(strategy).choose(set, nullptr, kNow));
    EXPECT_GT(first.size(), 2U);
  }
}

TEST_F(BalanceTest, AnotherStrategyHoldsFromTheNextChoiceOn) {
  Load load;
  const auto set = set_of({1, 1});
  load.add(set, 0, 5);
  auto balance = this->balance(round_robin);
  Chosen chosen;
  for (int i = 0; i < 10; ++i) ++chosen[balance.choose(set, nullptr, kNow)];
  EXPECT_EQ(chosen, (Chosen{{0, 5}, {1, 5}}));
  balance.use(least_connections);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(balance.choose(set, nullptr, kNow), 1U);
}

// --- Round robin

TEST_F(BalanceTest, EndpointsTakeTurns) {
  EXPECT_EQ(choose(round_robin, set_of({1, 1, 1}), 30), (Chosen{{0, 10}, {1, 10}, {2, 10}}));
}

TEST_F(BalanceTest, TurnsOfAnEjectedEndpointGoToAllOthers) {
  const auto set = set_of({1, 1, 1, 1});
  eject(set, {1});
  EXPECT_EQ(choose(round_robin, set, 30), (Chosen{{0, 10}, {2, 10}, {3, 10}}));
}

// --- Least connections

TEST_F(BalanceTest, TheLeastLoadedIsChosen) {
  Load load;
  const auto set = set_of({1, 1, 1});
  load.add(set, 0, 3);
  load.add(set, 1, 1);
  load.add(set, 2, 2);
  EXPECT_EQ(choose(least_connections, set, 10), (Chosen{{1, 10}}));
}

TEST_F(BalanceTest, ALoadCountsForItsWeight) {
  Load load;
  const auto set = set_of({4, 1});
  load.add(set, 0, 3);
  load.add(set, 1, 1);
  EXPECT_EQ(choose(least_connections, set, 10), (Chosen{{0, 10}}));
  load.add(set, 0, 2);
  EXPECT_EQ(choose(least_connections, set, 10), (Chosen{{1, 10}}));
}

TEST_F(BalanceTest, AmongEqualsItIsWhoseTurnItIs) {
  EXPECT_EQ(choose(least_connections, set_of({3, 1}), 40), (Chosen{{0, 30}, {1, 10}}));
}

TEST_F(BalanceTest, AnEjectedEndpointIsNotChosenForItsWantOfLoad) {
  Load load;
  const auto set = set_of({1, 1});
  load.add(set, 0, 100);
  eject(set, {1});
  EXPECT_EQ(choose(least_connections, set, 10), (Chosen{{0, 10}}));
}

TEST_F(BalanceTest, AmongManySomeNeighboursAreCompared) {
  Load load;
  const auto set = set_of(std::vector<std::uint32_t>(1000, 1));
  for (std::uint32_t i = 0; i < 1000; ++i)
    load.add(set, i, i % Balance::kMostCompared == 5 ? 0 : 1);
  for (const auto& [endpoint, times] : choose(least_connections, set, 2000))
    EXPECT_EQ(endpoint % Balance::kMostCompared, 5U);
}

// --- Random of two

TEST_F(BalanceTest, TheLessLoadedOfTwoIsChosen) {
  Load load;
  const auto set = set_of({1, 1});
  load.add(set, 0, 1);
  EXPECT_EQ(choose(random, set, 1000).count(0), 0U);
}

TEST_F(BalanceTest, TheMostLoadedIsNeverChosenAtRandom) {
  Load load;
  const auto set = set_of({1, 1, 1, 1});
  for (std::uint32_t i = 0; i < 4; ++i) load.add(set, i, static_cast<int>(i));
  const auto chosen = choose(random, set, 6000);
  EXPECT_EQ(chosen.count(3), 0U);
  // Of six pairs three hold the least loaded one, and one the two in the middle's upper.
  EXPECT_NEAR(chosen.at(0), 3000, 200);
  EXPECT_NEAR(chosen.at(1), 2000, 200);
  EXPECT_NEAR(chosen.at(2), 1000, 200);
}

TEST_F(BalanceTest, AtRandomAWeightIsAShare) {
  const auto chosen = choose(random, set_of({1, 2, 5}), 8000);
  EXPECT_NEAR(chosen.at(0), 1000, 150);
  EXPECT_NEAR(chosen.at(1), 2000, 200);
  EXPECT_NEAR(chosen.at(2), 5000, 250);
}

TEST_F(BalanceTest, AFewHealthyOnesAmongManyAreFound) {
  const auto set = set_of(std::vector<std::uint32_t>(200, 1));
  for (std::uint32_t i = 0; i < 200; ++i)
    if (i != 17 && i != 117) eject(set, {i});
  const auto chosen = choose(random, set, 1000);
  EXPECT_EQ(chosen.at(17) + chosen.at(117), 1000);
  EXPECT_GT(chosen.at(17), 300);
  EXPECT_GT(chosen.at(117), 300);
}

// --- Panic

TEST_F(BalanceTest, InPanicAllGetRequestsAsIfTheyWereUsable) {
  for (const auto strategy : kAll) {
    auto set = set_of({1, 1, 1, 1});
    eject(set, {0, 1});
    set.endpoints[2].state->set_unwell(true);
    auto balance = this->balance(strategy);
    const auto chosen = [&] {
      std::set<std::uint32_t> chosen;
      for (int i = 0; i < 200; ++i) chosen.insert(balance.choose(set, nullptr, kNow));
      return chosen.size();
    };
    balance.use(strategy, 0.25);
    EXPECT_EQ(chosen(), 1U);
    balance.use(strategy, 0.26);
    EXPECT_EQ(chosen(), 4U);
    set.endpoints[2].state->set_unwell(false);
    EXPECT_EQ(chosen(), 2U);
  }
}

TEST_F(BalanceTest, AnUnwellEndpointIsPassedOver) {
  for (const auto strategy : kAll) {
    const auto set = set_of({1, 1, 1});
    set.endpoints[1].state->set_unwell(true);
    EXPECT_EQ(choose(strategy, set, 300).count(1), 0U);
  }
}

}  // namespace
}  // namespace penstock
