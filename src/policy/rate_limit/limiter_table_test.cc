#include "policy/rate_limit/limiter_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "base/random.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{Duration(1'000'000'000'000)};
constexpr std::size_t kMany = 100'000;

// As SipHash spreads them.
std::uint64_t key_of(std::uint64_t number) {
  return Random(number).next();
}

TEST(Limiter, CountsEachKeyApart) {
  Limiter limiter(kMany);
  const Quota quota(2, 1s, 2);
  EXPECT_EQ(limiter.take(key_of(1), quota, kStart).remaining, 1U);
  EXPECT_TRUE(limiter.take(key_of(1), quota, kStart).allowed);
  EXPECT_FALSE(limiter.take(key_of(1), quota, kStart).allowed);
  EXPECT_EQ(limiter.take(key_of(2), quota, kStart).remaining, 1U);
  EXPECT_TRUE(limiter.take(key_of(1), quota, kStart + 500ms).allowed);
  EXPECT_EQ(limiter.keys(), 2U);
  EXPECT_TRUE(limiter.take(0, quota, kStart).allowed);  // A hash like any other.
}

TEST(Limiter, PeeksWithoutTaking) {
  Limiter limiter(kMany);
  const Quota quota(2, 1s, 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limiter.peek(key_of(1), quota, kStart).remaining, 1U);
  EXPECT_EQ(limiter.keys(), 0U);
  limiter.take(key_of(1), quota, kStart);
  limiter.take(key_of(1), quota, kStart);
  const auto seen = limiter.peek(key_of(1), quota, kStart);
  EXPECT_FALSE(seen.allowed);
  EXPECT_EQ(seen.wait, 500ms);
  EXPECT_TRUE(limiter.peek(key_of(1), quota, kStart + 500ms).allowed);
}

TEST(Limiter, ATimeThatGoesBackRefillsNothing) {
  Limiter limiter(kMany);
  const Quota quota(10, 1s, 1);
  EXPECT_TRUE(limiter.take(key_of(1), quota, kStart + 1s).allowed);
  EXPECT_EQ(limiter.take(key_of(1), quota, kStart).wait, 100ms);
}

TEST(Limiter, AgreesWithOneBucketPerKeyWhileThereIsRoom) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Random random(seed);
    Limiter limiter(kMany);
    const Quota quota(7, 1s, 3);
    std::map<std::uint64_t, Bucket> model;
    auto now = kStart;
    for (int i = 0; i < 20'000; ++i) {
      now += Duration(random.below(2'000'000));
      const auto number = random.below(4000);
      const bool expected = quota.take(model[number], now);
      ASSERT_EQ(limiter.take(key_of(number), quota, now).allowed, expected)
          << "seed " << seed << ", take " << i;
    }
  }
}

TEST(Limiter, GivesUpOnlyBucketsThatAreFullAgain) {
  Limiter limiter(1000);
  const Quota quota(10, 1s, 10);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_FALSE(limiter.take(key_of(i), quota, kStart).shared);
    limiter.take(key_of(i), quota, kStart);
  }
  EXPECT_EQ(limiter.keys(), 1000U);
  const auto late = limiter.take(key_of(5000), quota, kStart);
  EXPECT_TRUE(late.shared);
  EXPECT_EQ(limiter.take(key_of(5001), quota, kStart).remaining, 8U);  // The same bucket.
  EXPECT_EQ(limiter.shared_takes(), 2U);
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(limiter.peek(key_of(i), quota, kStart).remaining, 7U) << "nobody lost a bucket";
  // A minute later all are full, and make room.
  std::size_t shared = 0;
  for (std::uint64_t i = 6000; i < 7000; ++i)
    shared += limiter.take(key_of(i), quota, kStart + 1min).shared ? 1 : 0;
  EXPECT_LT(shared, 50U);
  EXPECT_LE(limiter.keys(), 1000U);
}

TEST(Limiter, WhoLeavesTheSharedBucketStartsWithWhatItHeld) {
  Limiter limiter(1);
  const Quota quota(10, 10s, 10);
  const Quota brief(10, 1s, 10);
  limiter.take(key_of(1), brief, kStart);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.take(key_of(257), quota, kStart).allowed);
  EXPECT_FALSE(limiter.take(key_of(257), quota, kStart).allowed);
  // The only bucket is given up for whoever shares its shard: find one.
  std::uint64_t neighbour = 2;
  while (key_of(neighbour) % 256 != key_of(1) % 256) ++neighbour;
  const auto now = kStart + 3s;
  EXPECT_EQ(limiter.take(key_of(neighbour), quota, now).remaining, 2U);
  EXPECT_FALSE(limiter.take(key_of(neighbour), quota, now).shared);
  EXPECT_TRUE(limiter.take(key_of(257), quota, now).shared);
}

// What holds for each key whatever happens to the table: RL7.
TEST(Limiter, NoKeyGetsMoreThanItsQuotaInAFloodOfOthers) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    Limiter limiter(300);
    const Quota quota(10, 1s, 5);
    std::map<std::uint64_t, Bucket> most;  // What each could have got alone.
    auto now = kStart;
    for (int i = 0; i < 50'000; ++i) {
      now += Duration(random.below(1'000'000));
      const auto number = random.below(i / 5000 % 2 == 0 ? 2000 : 40);
      if (!limiter.take(key_of(number), quota, now).allowed) continue;
      ASSERT_TRUE(quota.take(most[number], now)) << "seed " << seed << ", take " << i;
    }
    EXPECT_LE(limiter.keys(), 300U);
    EXPECT_GT(limiter.shared_takes(), 0U);
  }
}

TEST(Limiter, AFloodOfKeysTakesBoundedMemory) {
  Limiter limiter(10'000);
  const Quota quota(10, 1h, 10);
  for (std::uint64_t i = 0; i < 200'000; ++i) limiter.take(key_of(i), quota, kStart);
  EXPECT_EQ(limiter.keys(), 10'000U);
  EXPECT_LE(limiter.bytes(), std::size_t{600'000});
}

TEST(Limiter, FillsItsBoundBeforeAnyoneShares) {
  Limiter limiter(kMany);
  const Quota quota(10, 1h, 10);
  for (std::uint64_t i = 0; i < kMany; ++i)
    ASSERT_FALSE(limiter.take(key_of(i), quota, kStart).shared);
  RecordProperty("bytes_per_key", static_cast<int>(limiter.bytes() / kMany));
  EXPECT_LE(limiter.bytes() / kMany, 48U);
}

TEST(Limiter, AdmitsExactlyTheBurstToManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr int kTakes = 20'000;
  Limiter limiter(kMany);
  const Quota quota(1000, 1min, 1000);
  std::vector<std::uint64_t> admitted(kThreads * 16);
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kTakes; ++i) {
          const auto key = key_of(static_cast<std::uint64_t>(i % 4));
          if (limiter.take(key, quota, kStart).allowed) ++admitted[thread * 16];
        }
      });
    }
  }
  std::uint64_t sum = 0;
  for (const auto count : admitted) sum += count;
  EXPECT_EQ(sum, 4000U);
}

TEST(Limiter, AdmitsNoMoreThanBurstAndRefillToThreadsWhoseClocksDiffer) {
  constexpr std::size_t kThreads = 4;
  constexpr int kTakes = 20'000;
  Limiter limiter(64);  // Fewer than there are keys: buckets come and go, and are shared.
  const Quota quota(1000, 1s, 10);
  constexpr std::uint64_t kKeys = 128;
  std::vector<std::vector<std::uint64_t>> admitted(kThreads, std::vector<std::uint64_t>(kKeys));
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        Random random(thread);
        for (int i = 0; i < kTakes; ++i) {
          // All clocks stay between 0 and 200 ms.
          const auto now = kStart + 10us * i - Duration(random.below(2'000'000));
          const auto number = random.below(kKeys);
          if (limiter.take(key_of(number), quota, now).allowed) ++admitted[thread][number];
        }
      });
    }
  }
  for (std::uint64_t number = 0; number < kKeys; ++number) {
    std::uint64_t sum = 0;
    for (const auto& counts : admitted) sum += counts[number];
    EXPECT_LE(sum, 10U + 202U);
  }
}

TEST(LimiterTable, FindsALimiterAgainWhileSomebodyHasIt) {
  LimiterTable table;
  const Quota quota(1, 1min, 1);
  auto old = table.limiter("standard-user", kMany);
  ASSERT_TRUE(old->take(1, quota, kStart).allowed);
  auto next = table.limiter("standard-user", kMany);
  old.reset();
  EXPECT_FALSE(next->take(1, quota, kStart).allowed);
  EXPECT_TRUE(table.limiter("other", kMany)->take(1, quota, kStart).allowed);
  next.reset();
  EXPECT_TRUE(table.limiter("standard-user", kMany)->take(1, quota, kStart).allowed);
}

TEST(LimiterTable, ForgetsNamesThatNobodyUses) {
  LimiterTable table;
  const auto kept = table.limiter("kept", kMany);
  for (int i = 0; i < 10'000; ++i) table.limiter(std::to_string(i), kMany);
  EXPECT_LE(table.size(), 130U);
  EXPECT_EQ(table.limiter("kept", kMany), kept);
}

TEST(LimiterTable, HashesWithAKeyOfItsOwn) {
  EXPECT_NE(LimiterTable().hash("a"), LimiterTable().hash("a"));
  const LimiterTable table(SipKey{.low = 1, .high = 2});
  EXPECT_EQ(table.hash("a"), siphash({.low = 1, .high = 2}, "a"));
}

}  // namespace
}  // namespace penstock
