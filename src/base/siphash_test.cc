#include "base/siphash.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

std::uint64_t hash_of_first(std::size_t count) {
  const SipKey key{.low = 0x0706050403020100, .high = 0x0f0e0d0c0b0a0908};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text.push_back(static_cast<char>(i));
  return siphash(key, text);
}

TEST(SipHash, GivesWhatTheReferenceGives) {
  // The key 00 01 ... 0f and the texts 00 01 ... of each length: the paper's and OpenSSL's.
  EXPECT_EQ(hash_of_first(0), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(hash_of_first(1), 0x74f839c593dc67fdU);
  EXPECT_EQ(hash_of_first(2), 0x0d6c8009d9a94f5aU);
  EXPECT_EQ(hash_of_first(7), 0xab0200f58b01d137U);
  EXPECT_EQ(hash_of_first(8), 0x93f5f5799a932462U);
  EXPECT_EQ(hash_of_first(9), 0x9e0082df0ba9e4b0U);
  EXPECT_EQ(hash_of_first(15), 0xa129ca6149be45e5U);
  EXPECT_EQ(hash_of_first(16), 0x3f2acc7f57c29bdbU);
  EXPECT_EQ(hash_of_first(63), 0x958a324ceb064572U);
}

TEST(SipHash, DependsOnTheKey) {
  EXPECT_NE(siphash({.low = 1, .high = 0}, "a"), siphash({.low = 2, .high = 0}, "a"));
  EXPECT_NE(siphash({.low = 0, .high = 1}, "a"), siphash({.low = 0, .high = 2}, "a"));
}

}  // namespace
}  // namespace penstock
