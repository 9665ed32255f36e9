#include "net/tls/ticket_keys.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr TicketKeys::Secret kSecret{1, 2, 3};
constexpr Instant kBegin{5h};

auto name_at(TicketKeys& keys, Instant now) {
  return keys.current(now).name;
}

TEST(TicketKeys, AreTheSameForAllWhoHaveTheSecretWheneverTheyAreAsked) {
  TicketKeys early(kSecret, kBegin);
  TicketKeys late(kSecret, kBegin);
  for (auto now = kBegin; now < kBegin + 10h; now += 10min) name_at(early, now);
  EXPECT_EQ(name_at(early, kBegin + 10h), name_at(late, kBegin + 10h));
  EXPECT_EQ(early.current(kBegin + 10h).cipher, late.current(kBegin + 10h).cipher);
  TicketKeys other({4}, kBegin);
  EXPECT_NE(name_at(other, kBegin), name_at(late, kBegin));
}

TEST(TicketKeys, ChangeEachHourAndTheOneBeforeStillOpens) {
  TicketKeys keys(kSecret, kBegin);
  const auto first = name_at(keys, kBegin);
  EXPECT_EQ(name_at(keys, kBegin + 1h - 1ns), first);
  const auto second = name_at(keys, kBegin + 1h);
  EXPECT_NE(second, first);
  ASSERT_NE(keys.find(first.data(), kBegin + 1h), nullptr);
  EXPECT_EQ(keys.find(first.data(), kBegin + 1h)->name, first);
  EXPECT_EQ(keys.find(second.data(), kBegin + 1h), &keys.current(kBegin + 1h));
  EXPECT_EQ(keys.find(first.data(), kBegin + 2h), nullptr);
}

TEST(TicketKeys, AreNotAllTheSameBytes) {
  TicketKeys keys(kSecret, kBegin);
  const auto& key = keys.current(kBegin);
  EXPECT_NE(key.cipher, key.mac);
  const std::array<unsigned char, 16> none{};
  EXPECT_EQ(keys.find(none.data(), kBegin), nullptr) << "there is none before the first";
}

}  // namespace
}  // namespace penstock
