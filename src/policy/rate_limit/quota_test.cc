#include "policy/rate_limit/quota.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/random.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
__extension__ using Wide = __int128;

constexpr Instant kStart{Duration(1'000'000'000'000)};

std::uint32_t take_all(const Quota& quota, Bucket& bucket, Instant now) {
  std::uint32_t count = 0;
  while (quota.take(bucket, now)) ++count;
  return count;
}

TEST(Quota, GivesTheBurstAtOnceAndThenOneByOne) {
  const Quota quota(10, 1s, 3);
  Bucket bucket;
  EXPECT_EQ(take_all(quota, bucket, kStart), 3U);
  EXPECT_FALSE(quota.take(bucket, kStart + 100ms - 1ns));
  EXPECT_TRUE(quota.take(bucket, kStart + 100ms));
  EXPECT_FALSE(quota.take(bucket, kStart + 100ms));
  EXPECT_EQ(take_all(quota, bucket, kStart + 1h), 3U);
}

TEST(Quota, SaysWhatRemainsAndHowLongToWait) {
  const Quota quota(10, 1s, 3);
  Bucket bucket;
  ASSERT_TRUE(quota.take(bucket, kStart));
  auto taken = quota.taken(bucket, true, kStart);
  EXPECT_TRUE(taken.allowed);
  EXPECT_EQ(taken.remaining, 2U);
  EXPECT_EQ(taken.wait, 0ns);
  EXPECT_EQ(taken.reset, 100ms);
  take_all(quota, bucket, kStart);
  taken = quota.taken(bucket, false, kStart);
  EXPECT_FALSE(taken.allowed);
  EXPECT_EQ(taken.remaining, 0U);
  EXPECT_EQ(taken.wait, 100ms);
  EXPECT_EQ(taken.reset, 300ms);
  taken = quota.taken(bucket, false, kStart + 130ms);
  EXPECT_EQ(taken.remaining, 1U);
  EXPECT_EQ(taken.wait, 0ns);
  EXPECT_EQ(taken.reset, 170ms);
}

TEST(Quota, RoundsAWaitUpSoThatItIsLongEnough) {
  const Quota quota(3, 1s, 1);
  Bucket bucket;
  ASSERT_TRUE(quota.take(bucket, kStart));
  const auto wait = quota.taken(bucket, false, kStart).wait;
  EXPECT_EQ(wait, 333'333'334ns);
  EXPECT_FALSE(quota.take(bucket, kStart + wait - 1ns));
  EXPECT_TRUE(quota.take(bucket, kStart + wait));
}

TEST(Quota, LosesNothingToRounding) {
  // A third of a second each, always asked for at the first moment: 3,000 in 1,000 s, not one less.
  const Quota quota(3, 1s, 1);
  Bucket bucket;
  auto now = kStart;
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(quota.take(bucket, now));
    now += quota.taken(bucket, false, now).wait;
  }
  // Each moment is rounded up to a nanosecond; what is owed is not.
  EXPECT_LE(now - kStart, 1000s + 3000ns);
  Bucket hasty;
  std::uint32_t count = 0;
  for (now = kStart; now < kStart + 10s; now += 1ms) count += quota.take(hasty, now) ? 1 : 0;
  EXPECT_EQ(count, 30U);
}

// How many tokens there are, in units of 1/window: exact, and as slow as it likes.
class Model {
 public:
  Model(std::uint32_t limit, Duration window, std::uint32_t burst)
      : limit_(limit), window_(window.count()), whole_(Wide{burst} * window.count()) {
    level_ = whole_;
  }
  bool take(Instant now) {
    if (last_ != Instant{})
      level_ = std::min(whole_, level_ + Wide{(now - last_).count()} * limit_);
    last_ = now;
    if (level_ < window_) return false;
    level_ -= window_;
    return true;
  }
  std::uint32_t remaining() const { return static_cast<std::uint32_t>(level_ / window_); }

 private:
  Wide limit_;
  Wide window_;
  Wide whole_;
  Wide level_;
  Instant last_{};
};

struct Sizes {
  std::uint32_t limit;
  Duration window;
  std::uint32_t burst;
};

Sizes any_sizes(Random& random) {
  constexpr std::uint32_t kMost = 1'000'000;
  const auto up_to = [&random](std::uint64_t most) {
    // As many small as large ones.
    const auto bits = random.below(40);
    return 1 + (random.below(most) >> std::min<std::uint64_t>(bits, 20));
  };
  for (;;) {
    const Sizes sizes{
        .limit = static_cast<std::uint32_t>(up_to(kMost)),
        .window = Duration(100ms) + Duration(random.below(2) == 0 ? up_to(Duration(24h).count() / 2)
                                                                  : up_to(1'000'000'000)),
        .burst = static_cast<std::uint32_t>(up_to(kMost))};
    if (Quota::refills_in_time(sizes.limit, sizes.window, sizes.burst)) return sizes;
  }
}

TEST(Quota, AgreesWithExactArithmeticForAnySizes) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const auto sizes = any_sizes(random);
    const Quota quota(sizes.limit, sizes.window, sizes.burst);
    Model model(sizes.limit, sizes.window, sizes.burst);
    Bucket bucket;
    auto now = kStart;
    const auto step = 2 * (sizes.window.count() / sizes.limit) + 2;
    for (int i = 0; i < 500; ++i) {
      const auto pause = random.below(4) == 0 ? random.below(step) : 0;
      now += Duration(static_cast<std::int64_t>(random.below(50) == 0 ? pause * 100 : pause));
      const bool allowed = quota.take(bucket, now);
      ASSERT_EQ(allowed, model.take(now)) << "seed " << seed << ", take " << i;
      ASSERT_EQ(quota.taken(bucket, allowed, now).remaining, model.remaining()) << "seed " << seed;
    }
  }
}

TEST(Quota, NeverGivesMoreThanBurstAndRefillOverAnyInterval) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    auto sizes = any_sizes(random);
    sizes.burst = static_cast<std::uint32_t>(1 + random.below(20));
    if (!Quota::refills_in_time(sizes.limit, sizes.window, sizes.burst)) continue;
    const Quota quota(sizes.limit, sizes.window, sizes.burst);
    Bucket bucket;
    std::vector<Instant> given;
    auto now = kStart;
    const auto step = static_cast<std::uint64_t>(sizes.window.count() / sizes.limit) + 2;
    while (given.size() < 300) {
      now += Duration(static_cast<std::int64_t>(random.below(step)));
      if (quota.take(bucket, now)) given.push_back(now);
    }
    for (std::size_t from = 0; from < given.size(); ++from) {
      for (std::size_t to = from; to < given.size(); ++to) {
        const Wide length = (given[to] - given[from]).count();
        const Wide most = sizes.burst + length * sizes.limit / sizes.window.count();
        ASSERT_LE(Wide(to - from + 1), most) << "seed " << seed;
      }
    }
  }
}

TEST(Quota, IsExactAtItsEdges) {
  const Quota fast(1'000'000, 100ms, 1'000'000);
  Bucket bucket;
  EXPECT_EQ(take_all(fast, bucket, kStart), 1'000'000U);
  EXPECT_EQ(fast.taken(bucket, false, kStart).wait, 100ns);
  EXPECT_EQ(take_all(fast, bucket, kStart + 50ms), 500'000U);
  const Quota slow(1, 24h, 366);
  bucket = {};
  EXPECT_EQ(take_all(slow, bucket, kStart), 366U);
  EXPECT_EQ(slow.taken(bucket, false, kStart).reset, std::chrono::days(366));
  EXPECT_FALSE(Quota::refills_in_time(1, 24h, 367));
  EXPECT_FALSE(Quota::refills_in_time(1, 24h, 1'000'000));
}

TEST(Quota, TakesOverWhatAnotherQuotaLeft) {
  const Quota daily(10, 24h, 10);
  Bucket bucket;
  take_all(daily, bucket, kStart);
  // Empty stays empty, and fills at the new pace: nobody waits for what the old quota promised.
  const Quota quick(60, 1min, 60);
  EXPECT_EQ(quick.taken(bucket, false, kStart).remaining, 0U);
  EXPECT_EQ(quick.taken(bucket, false, kStart).wait, 1s);
  EXPECT_FALSE(quick.take(bucket, kStart));
  EXPECT_EQ(take_all(quick, bucket, kStart + 5s), 5U);
  // What is owed stays owed under a larger limit of the same window: half spent is half spent.
  const Quota ten(10, 1min, 10);
  const Quota hundred(100, 1min, 100);
  bucket = {};
  for (int i = 0; i < 5; ++i) ten.take(bucket, kStart);
  EXPECT_EQ(take_all(hundred, bucket, kStart), 50U);
  // A fraction of a nanosecond means nothing to another quota: it is rounded up.
  const Quota thirds(3, 1s, 3);
  bucket = {};
  thirds.take(bucket, kStart);
  EXPECT_EQ(hundred.taken(bucket, false, kStart).reset, 333'333'334ns);
}

}  // namespace
}  // namespace penstock
