#pragma once

#include <cstddef>
#include <cstdint>

#include "http/message.h"

namespace penstock {

// Methods as bits, those of http::Method first, then what else the routes name, in the order a
// router met them: a set means something only to the router that gave it.
using MethodSet = std::uint64_t;

inline constexpr auto kKnownMethods = static_cast<std::size_t>(http::Method::other);

constexpr MethodSet method_bit(http::Method method) {
  return MethodSet{1} << static_cast<unsigned>(method);
}
constexpr MethodSet custom_method_bit(std::size_t i) {
  return MethodSet{1} << (kKnownMethods + i);
}

inline constexpr MethodSet kGetMethod = method_bit(http::Method::get);
inline constexpr MethodSet kHeadMethod = method_bit(http::Method::head);
// GET serves HEAD.
constexpr MethodSet with_head(MethodSet methods) {
  return (methods & kGetMethod) != 0 ? methods | kHeadMethod : methods;
}
// A route that lists no methods takes all. The last bit stands for those that no route lists.
inline constexpr MethodSet kAnyMethod = ~MethodSet{0};
inline constexpr MethodSet kNoListedMethod = MethodSet{1} << 63;
// Distinct methods beyond the known ones that a router's routes may list.
inline constexpr std::size_t kMaxCustomMethods = 63 - kKnownMethods;

}  // namespace penstock
