#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock {

// The hash of a segment or a host, by which a router's edges are found. Not keyed: only the table's
// owner chooses what is in the table, and a request's text that hashes alike costs one comparison.
inline std::uint64_t hash_segment(std::string_view text) {
  constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15;
  constexpr std::uint64_t kSecond = 0xbf58476d1ce4e5b9;
  std::uint64_t hash = text.size() * kFirst;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kSecond;
    hash ^= hash >> 31;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  const auto load = [](const char* from, auto word) {
    std::memcpy(&word, from, sizeof(word));
    return word;
  };
  for (; left > 8; at += 8, left -= 8) mix(load(at, std::uint64_t{}));
  if (left >= 4) {
    mix((std::uint64_t{load(at, std::uint32_t{})} << 32) | load(at + left - 4, std::uint32_t{}));
  } else if (left > 0) {
    const auto byte = [at](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(at[i])};
    };
    mix((byte(0) << 16) | (byte(left / 2) << 8) | byte(left - 1));
  }
  return hash;
}

// Where the search for the edge from `parent` begins in a table of `slots`, a power of two.
inline std::size_t edge_slot(std::uint32_t parent, std::uint64_t hash, std::size_t slots) {
  const auto mixed = (hash ^ (parent * std::uint64_t{0x9e3779b97f4a7c15})) * 0x94d049bb133111eb;
  return (mixed >> 32) & (slots - 1);
}

}  // namespace penstock
