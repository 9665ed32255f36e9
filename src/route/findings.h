#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "route/router.h"

namespace penstock {

// A route that does not get all the requests it asks for, though it is served.
struct RouteFinding {
  enum class Kind : std::uint8_t {
    alike,        // Another asks for the same by host, path and conditions.
    shadowed,     // Another takes all of its requests, or all of one method.
    unreachable,  // Nobody's request matches it.
  };
  Kind kind = Kind::alike;
  std::uint32_t route = 0;   // Index of the entry.
  std::uint32_t winner = 0;  // Who gets the requests, unless it is unreachable.
  // A request of the route that the winner gets: `GET h.example/a/b?c=d with X-Version: v2`.
  std::string witness;
  std::string why;  // Of an unreachable one: the end of a sentence.
};

struct RouteFindings {
  std::vector<RouteFinding> list;  // By route.
  std::size_t left_out = 0;        // Found beyond `most`.
  bool complete = true;            // False: the table was too large to ask about all of it.
};

// Asks the router for a request of every route, host and method, and tells who else answers. The
// entries compile. Takes about a second for 100,000 routes; at most a few, whatever the table.
RouteFindings find_route_faults(std::span<const RouteEntry> entries, std::size_t most);

}  // namespace penstock
