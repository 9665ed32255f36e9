#pragma once

#include <cstdint>

#include "base/duration.h"
#include "http/h1/input.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace penstock::http::h1 {

struct Tunnelled {
  enum class End : std::uint8_t { closed, idle, age, cancelled };
  End end = End::closed;
  std::uint64_t forward = 0;   // Bytes from the first side to the second.
  std::uint64_t backward = 0;  // And from the second to the first.
};

// Relays bytes both ways until both sides have closed, one breaks, neither has sent anything for
// `idle`, one has taken nothing for as long, or `until` has come. A FIN is passed on, and the other
// direction goes on. What had arrived already goes first.
Task<Tunnelled> tunnel(Loop& loop, Input& first, Input& second, Duration idle, Instant until);

}  // namespace penstock::http::h1
