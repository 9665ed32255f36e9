#include "upstream/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace penstock {
namespace {
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

EndpointSet with_weights(std::initializer_list<std::uint32_t> weights) {
  EndpointSet set;
  for (const auto weight : weights) {
    Endpoint endpoint;
    endpoint.weight = weight;
    endpoint.state = std::make_shared<EndpointState>();
    set.endpoints.push_back(endpoint);
  }
  set.plan_rounds();
  return set;
}

TEST(EndpointSet, GoesRoundEvenly) {
  EXPECT_THAT(with_weights({1, 1, 1}).rounds, ElementsAre(0, 1, 2));
  EXPECT_THAT(with_weights({5, 5}).rounds, ElementsAre(0, 1));
}

TEST(EndpointSet, SpreadsTheTurnsOfAHeavierEndpoint) {
  EXPECT_THAT(with_weights({3, 1}).rounds, ElementsAre(0, 0, 1, 0));
}

TEST(EndpointSet, GivesNothingToWeightZero) {
  EXPECT_THAT(with_weights({0, 1}).rounds, ElementsAre(1));
  EXPECT_THAT(with_weights({0, 0}).rounds, IsEmpty());
  EXPECT_THAT(with_weights({}).rounds, IsEmpty());
}

// Whoever stops within a round has not been unfair by more than a turn.
TEST(EndpointSet, EveryBeginningOfARoundIsFairToATurn) {
  for (const auto& weights : std::vector<std::initializer_list<std::uint32_t>>{{3, 1},
                                                                               {5, 1, 1},
                                                                               {7, 3, 2},
                                                                               {10, 1, 1, 1, 1},
                                                                               {1, 1, 1},
                                                                               {1000, 999, 1},
                                                                               {1, 2, 3, 4, 5, 6},
                                                                               {97, 13, 5, 1}}) {
    const auto set = with_weights(weights);
    const auto total = static_cast<double>(set.rounds.size());
    std::vector<double> given(set.endpoints.size());
    for (std::size_t turn = 0; turn < set.rounds.size(); ++turn) {
      ++given[set.rounds[turn]];
      for (std::size_t i = 0; i < given.size(); ++i) {
        const auto due =
            static_cast<double>(set.endpoints[i].weight) * static_cast<double>(turn + 1) / total;
        ASSERT_LT(std::abs(given[i] - due), 1.0) << "endpoint " << i << " turn " << turn;
      }
    }
  }
}

TEST(EndpointSet, KeepsARoundShortAndItsSharesRight) {
  const auto set = with_weights({1000, 999, 997, 1000, 991, 983, 977, 971, 967, 953, 947, 941});
  EXPECT_LT(set.rounds.size(), 12'000U);
  const auto first = std::count(set.rounds.begin(), set.rounds.end(), 0U);
  const auto last = std::count(set.rounds.begin(), set.rounds.end(), 11U);
  EXPECT_NEAR(static_cast<double>(last) / static_cast<double>(first), 0.941, 0.01);
}

TEST(EndpointSet, GoesRoundTheAddressesOfOneInstance) {
  auto set = with_weights({1, 1, 1, 1});
  set.endpoints[1].instance = set.endpoints[2].instance = 1;
  set.endpoints[3].instance = 2;
  EXPECT_EQ(set.next_of_instance(1), 2U);
  EXPECT_EQ(set.next_of_instance(2), 1U);
  EXPECT_EQ(set.next_of_instance(0), 0U);
  EXPECT_EQ(set.next_of_instance(3), 3U);
}

TEST(EndpointState, IsEjectedForLongerEachTime) {
  EndpointState state;
  const Instant start{1h};
  EXPECT_FALSE(state.ejected(start));
  EXPECT_TRUE(state.connect_failed(start));
  EXPECT_TRUE(state.ejected(start + 900ms));
  EXPECT_FALSE(state.ejected(start + 1s));
  EXPECT_TRUE(state.connect_failed(start + 1s));
  EXPECT_TRUE(state.ejected(start + 2900ms));
  EXPECT_FALSE(state.ejected(start + 3s));
  state.connect_succeeded();
  EXPECT_TRUE(state.connect_failed(start + 3s));
  EXPECT_FALSE(state.ejected(start + 4s));
}

TEST(EndpointState, IsNeverEjectedForLongerThanTheLongest) {
  EndpointState state;
  for (int i = 0; i < 100; ++i) state.connect_failed(Instant{1h});
  EXPECT_FALSE(state.ejected(Instant{1h} + EndpointState::kLongestEjection));
}

TEST(EndpointState, CountsWhatIsInFlight) {
  EndpointState state;
  EndpointState other;
  {
    InFlight first(state);
    InFlight second(state);
    EXPECT_EQ(state.in_flight(), 2U);
    InFlight moved(std::move(first));
    EXPECT_EQ(state.in_flight(), 2U);
    second = InFlight(other);
    EXPECT_EQ(state.in_flight(), 1U);
    EXPECT_EQ(other.in_flight(), 1U);
    moved = {};
    EXPECT_EQ(state.in_flight(), 0U);
  }
  EXPECT_EQ(state.in_flight(), 0U);
  EXPECT_EQ(other.in_flight(), 0U);
}

TEST(EndpointState, SoManyFailedTriesInARowAreAnOutlier) {
  EndpointState state;
  const OutlierEjectionConfig config{.consecutive_failures = 3, .eject_for = 10s};
  EXPECT_FALSE(state.try_failed(config));
  EXPECT_FALSE(state.try_failed(config));
  state.try_succeeded();
  EXPECT_FALSE(state.try_failed(config));
  EXPECT_FALSE(state.try_failed(config));
  EXPECT_TRUE(state.try_failed(config));
}

TEST(EndpointState, AnOutlierIsEjectedForLongerEachTimeUpToEightTimes) {
  EndpointState state;
  const OutlierEjectionConfig config{.consecutive_failures = 1, .eject_for = 10s};
  Instant now{1h};
  for (const auto pause : {10s, 20s, 40s, 80s, 80s}) {
    state.eject(config, now);
    EXPECT_FALSE(state.usable(now + pause - 1ms));
    now += pause;
    EXPECT_TRUE(state.usable(now));
  }
  state.try_succeeded();
  state.eject(config, now);
  EXPECT_TRUE(state.usable(now + 10s));
}

TEST(EndpointSet, NoMoreThanAShareIsEjected) {
  const auto set = with_weights({1, 1, 1, 1});
  const OutlierEjectionConfig config{.max_ejected = schema::Percent{50}};
  const Instant now{1h};
  EXPECT_TRUE(set.may_eject(config, now));
  set.endpoints[0].state->eject(config, now);
  EXPECT_TRUE(set.may_eject(config, now));
  set.endpoints[1].state->set_unwell(true);
  EXPECT_FALSE(set.may_eject(config, now));
}

}  // namespace
}  // namespace penstock
