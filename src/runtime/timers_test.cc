#include "runtime/timers.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/random.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1234567ns};

class CallTimer final : public Timer {
 public:
  explicit CallTimer(std::function<void()> call) : call_(std::move(call)) {}
  void fire() override { call_(); }

 private:
  std::function<void()> call_;
};

// What a wheel is compared with: when each timer must have fired at the latest.
class Reference {
 public:
  explicit Reference(std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < kTimers; ++i)
      timers_.push_back(std::make_unique<CallTimer>([this, i] { fired(i); }));
    at_.resize(kTimers, kNever);
    armed_while_firing_.resize(kTimers, false);
  }

  void step() {
    for (auto n = random_.below(4); n > 0; --n) change(random_.below(kTimers));
    check_next();
    advance();
  }

 private:
  static constexpr std::size_t kTimers = 40;

  // Mostly near, sometimes years away, sometimes past.
  Duration some_duration() {
    const auto most = std::array<Duration, 8>{15ms, 300ms, 2s, 50s, 1h, 24h * 3, 24h * 400, 1ns};
    const auto scale = most[random_.below(most.size())];
    return Duration(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(scale.count()) + 1)));
  }

  void change(std::size_t i) {
    const auto choice = random_.below(10);
    if (choice == 0) {
      TimerWheel::disarm(*timers_[i]);
      at_[i] = kNever;
    } else if (choice == 1) {
      arm(i, kNever);
    } else {
      arm(i, choice == 2 ? now_ - some_duration() : now_ + some_duration());
    }
  }

  void arm(std::size_t i, Instant at) {
    wheel_.arm(*timers_[i], at);
    at_[i] = std::max(at, now_);  // What is past is due now.
    armed_while_firing_[i] = firing_;
  }

  void fired(std::size_t i) {
    EXPECT_LE(at_[i], now_) << "early";
    EXPECT_FALSE(armed_while_firing_[i]) << "armed within this very advance()";
    at_[i] = kNever;
    if (random_.below(3) == 0) change(random_.below(kTimers));
    if (random_.below(3) == 0) change(i);
  }

  // Whatever is armed, the wheel asks to be called after now and before it would be late.
  void check_next() {
    auto first = kNever;
    for (const auto at : at_) first = std::min(first, at);
    const auto next = wheel_.next();
    if (first == kNever) return;
    ASSERT_GT(next, now_);
    ASSERT_LT(next - std::max(first, now_), TimerWheel::kTick + 1ns);
  }

  void advance() {
    now_ += some_duration();
    if (random_.below(2) == 0)
      now_ = std::max(now_, wheel_.next() == kNever ? now_ : wheel_.next());
    firing_ = true;
    wheel_.advance(now_);
    firing_ = false;
    for (std::size_t i = 0; i < kTimers; ++i) {
      if (!armed_while_firing_[i]) ASSERT_GT(at_[i], now_ - TimerWheel::kTick) << "late";
      armed_while_firing_[i] = false;
    }
  }

  Random random_;
  Instant now_ = kStart;
  TimerWheel wheel_{kStart};
  std::vector<std::unique_ptr<CallTimer>> timers_;
  std::vector<Instant> at_;
  std::vector<bool> armed_while_firing_;
  bool firing_ = false;
};

TEST(TimerWheel, FiresEachTimerInItsTickForAnyOrderOfCalls) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Reference reference(seed);
    for (int i = 0; i < 300; ++i) reference.step();
    if (HasFailure()) return;
  }
}

TEST(TimerWheel, ATimerOneNanosecondAwayFiresWithinATick) {
  TimerWheel wheel(kStart);
  int fired = 0;
  CallTimer timer([&] { ++fired; });
  wheel.arm(timer, kStart + 1ns);
  EXPECT_EQ(wheel.next(), kStart + TimerWheel::kTick);
  wheel.advance(kStart + TimerWheel::kTick - 1ns);
  EXPECT_EQ(fired, 0);
  wheel.advance(kStart + TimerWheel::kTick);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, ATimerThatArmsItselfInThePastFiresOncePerAdvance) {
  TimerWheel wheel(kStart);
  int fired = 0;
  CallTimer* again = nullptr;
  CallTimer timer([&] {
    ++fired;
    wheel.arm(*again, kStart);
  });
  again = &timer;
  wheel.arm(timer, kStart);
  wheel.advance(kStart + 10s);
  EXPECT_EQ(fired, 1);
  wheel.advance(kStart + 20s);
  EXPECT_EQ(fired, 2);
}

TEST(TimerWheel, ATimerYearsAwayCostsFewCalls) {
  TimerWheel wheel(kStart);
  int fired = 0;
  CallTimer timer([&] { ++fired; });
  const auto at = kStart + 24h * 365 * 10;
  wheel.arm(timer, at);
  int calls = 0;
  for (; fired == 0; ++calls) {
    ASSERT_LE(wheel.next(), at + TimerWheel::kTick);
    wheel.advance(wheel.next());
  }
  EXPECT_LT(calls, 100);
}

TEST(TimerWheel, ATimerMayDisarmAnotherThatIsDueWithIt) {
  TimerWheel wheel(kStart);
  int fired = 0;
  CallTimer* other = nullptr;
  CallTimer first([&] {
    ++fired;
    TimerWheel::disarm(*other);
  });
  CallTimer second([&] { ++fired; });
  other = &second;
  wheel.arm(first, kStart + 5ms);
  wheel.arm(second, kStart + 5ms);
  wheel.advance(kStart + 1s);
  EXPECT_EQ(fired, 1);
}

}  // namespace
}  // namespace penstock
