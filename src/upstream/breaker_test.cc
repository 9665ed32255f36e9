#include "upstream/breaker.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;
using Outcome = Breaker::Outcome;

class BreakerTest : public ::testing::Test {
 protected:
  bool pass(Outcome outcome) {
    auto pass = breaker.admit(config, now, random);
    if (!pass) return false;
    pass.report(config, outcome, now);
    return true;
  }
  void pass(Outcome outcome, int times) {
    for (int i = 0; i < times; ++i) pass(outcome);
  }
  // How many of so many tries are let pass, with that outcome.
  int passing(int tries, Outcome outcome = Outcome::good) {
    int passed = 0;
    for (int i = 0; i < tries; ++i) passed += pass(outcome) ? 1 : 0;
    return passed;
  }
  void open() {
    pass(Outcome::failed, static_cast<int>(config.minimum_requests));
    ASSERT_EQ(breaker.state(now), State::open);
  }

  CircuitBreakerConfig config;
  Instant now{1h};
  Random random{7};
  Breaker breaker{"orders"};
};

TEST_F(BreakerTest, OpensAtTheFailureRateAndNotBelow) {
  config.minimum_requests = 10;
  for (int i = 0; i < 100; ++i)
    pass(i % 2 == 0 ? Outcome::good : Outcome::failed, i % 4 == 1 ? 0 : 1);
  EXPECT_EQ(breaker.state(now), State::closed);  // A third.
  pass(Outcome::failed, 40);
  EXPECT_EQ(breaker.state(now), State::open);
  EXPECT_EQ(passing(10), 0);
}

TEST_F(BreakerTest, SaysNothingBeforeTheMinimumOfRequests) {
  pass(Outcome::failed, 19);
  EXPECT_EQ(breaker.state(now), State::closed);
  pass(Outcome::failed);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, FailuresInARowOpenItHoweverFewThereWere) {
  config.consecutive_failures = 3;
  pass(Outcome::failed, 2);
  pass(Outcome::good);
  pass(Outcome::failed, 2);
  EXPECT_EQ(breaker.state(now), State::closed);
  pass(Outcome::failed);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, SlowOnesCountByTheirOwnRate) {
  config.slower_than = 1s;
  config.slow_rate = schema::Percent{80};
  pass(Outcome::good, 5);
  pass(Outcome::slow, 19);
  EXPECT_EQ(breaker.state(now), State::closed);
  pass(Outcome::slow);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, ForgetsWhatTheWindowHasLeftBehind) {
  pass(Outcome::failed, 15);
  now += 11s;
  pass(Outcome::failed, 15);
  EXPECT_EQ(breaker.state(now), State::closed);
  now += 5s;  // Half a window on: those are still within.
  pass(Outcome::failed, 5);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, LetsAFewPassOnTrialAndClosesWhenAllWentWell) {
  config.ramp = 0s;
  open();
  EXPECT_EQ(breaker.retry_after(now), 5s);
  now += 4999ms;
  EXPECT_EQ(passing(5), 0);
  EXPECT_EQ(breaker.retry_after(now), 1s);
  now += 1ms;
  EXPECT_EQ(breaker.state(now), State::half_open);
  std::vector<Breaker::Pass> out;
  for (int i = 0; i < 10; ++i) {
    auto trial = breaker.admit(config, now, random);
    if (trial) out.push_back(std::move(trial));
  }
  ASSERT_EQ(out.size(), config.trials);
  for (auto& trial : out) {
    EXPECT_EQ(breaker.state(now), State::half_open);
    trial.report(config, Outcome::good, now);
  }
  EXPECT_EQ(breaker.state(now), State::closed);
  EXPECT_EQ(passing(100), 100);
  EXPECT_EQ(breaker.transitions_to(State::open), 1U);
  EXPECT_EQ(breaker.transitions_to(State::half_open), 1U);
  EXPECT_EQ(breaker.transitions_to(State::closed), 1U);
}

TEST_F(BreakerTest, OneTrialThatFailsOrIsSlowOpensItAgain) {
  for (const auto outcome : {Outcome::failed, Outcome::slow}) {
    config.minimum_requests = 1;
    if (breaker.state(now) == State::closed) open();
    now += config.open_for;
    EXPECT_TRUE(pass(Outcome::good));
    EXPECT_TRUE(pass(outcome));
    EXPECT_EQ(breaker.state(now), State::open);
    EXPECT_EQ(passing(5), 0);
  }
}

TEST_F(BreakerTest, ATrialWithoutOutcomeMakesRoomForAnother) {
  open();
  now += config.open_for;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(breaker.admit(config, now, random));
  EXPECT_TRUE(pass(Outcome::unknown));
  EXPECT_EQ(breaker.state(now), State::half_open);
  EXPECT_EQ(passing(3), 3);
  EXPECT_EQ(breaker.state(now), State::closed);
}

TEST_F(BreakerTest, WhatWasLetPassBeforeItOpenedSaysNothingAboutTheTrials) {
  std::vector<Breaker::Pass> before;
  for (int i = 0; i < 10; ++i) before.push_back(breaker.admit(config, now, random));
  open();
  now += config.open_for;
  auto trial = breaker.admit(config, now, random);
  for (auto& late : before) late.report(config, Outcome::failed, now);
  EXPECT_EQ(breaker.state(now), State::half_open);
  trial.report(config, Outcome::good, now);
  EXPECT_EQ(passing(2), 2);
  EXPECT_EQ(breaker.state(now), State::closed);
}

TEST_F(BreakerTest, TheShareThatPassesGrowsAfterItHasClosed) {
  open();
  now += config.open_for;
  EXPECT_EQ(passing(3), 3);
  EXPECT_NEAR(passing(2000), 200, 60);
  now += 5s;
  EXPECT_NEAR(passing(2000), 1000, 130);
  now += 5s;
  EXPECT_EQ(passing(2000), 2000);
}

TEST_F(BreakerTest, FailuresDuringTheRampOpenItAgain) {
  open();
  now += config.open_for;
  EXPECT_EQ(passing(3), 3);
  now += 5s;
  passing(200, Outcome::failed);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, ANewConfigurationHoldsFromTheNextTryOn) {
  config.minimum_requests = 1'000;
  pass(Outcome::failed, 100);
  EXPECT_EQ(breaker.state(now), State::closed);
  config.minimum_requests = 20;
  config.window = 20s;  // What was counted by another window is gone.
  pass(Outcome::failed, 19);
  EXPECT_EQ(breaker.state(now), State::closed);
  pass(Outcome::failed);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, FewerTrialsThanHaveSucceededCloseIt) {
  config.trials = 5;
  open();
  now += config.open_for;
  EXPECT_EQ(passing(3), 3);
  EXPECT_EQ(breaker.state(now), State::half_open);
  config.trials = 2;
  EXPECT_TRUE(pass(Outcome::good));
  EXPECT_EQ(breaker.state(now), State::closed);
}

TEST_F(BreakerTest, ManyThreadsCountTogether) {
  config.minimum_requests = 4'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      Random own(static_cast<std::uint64_t>(t));
      for (int i = 0; i < 1'000; ++i)
        breaker.admit(config, now, own)
            .report(config, i % 2 == 0 ? Outcome::failed : Outcome::good, now);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(breaker.state(now), State::open);
  EXPECT_EQ(breaker.transitions_to(State::open), 1U);
}

}  // namespace
}  // namespace penstock
