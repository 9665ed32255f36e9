#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock {

// Known to this process only: whoever does not know it cannot choose texts that collide.
struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

namespace detail {

struct SipState {
  std::uint64_t a;
  std::uint64_t b;
  std::uint64_t c;
  std::uint64_t d;

  constexpr void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  constexpr void take(std::uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

static_assert(std::endian::native == std::endian::little);

}  // namespace detail

// SipHash-2-4 (Aumasson and Bernstein, 2012): for tables whose keys strangers choose, and for
// choices that must come out the same for the same text.
inline std::uint64_t siphash(const SipKey& key, std::string_view text) {
  detail::SipState state{.a = key.low ^ 0x736f6d6570736575,
                         .b = key.high ^ 0x646f72616e646f6d,
                         .c = key.low ^ 0x6c7967656e657261,
                         .d = key.high ^ 0x7465646279746573};
  const auto size = text.size();
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    state.take(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(size) << 56;
  for (std::size_t i = 0; i < text.size(); ++i)
    last |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  state.take(last);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace penstock
