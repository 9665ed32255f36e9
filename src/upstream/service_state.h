#pragma once

#include <string>

#include "upstream/breaker.h"
#include "upstream/bulkhead.h"

namespace penstock {

// What the process knows of a service as a whole. Shared by all workers and kept while the name
// lives, so that it outlives a snapshot. Any thread.
struct ServiceState {
  explicit ServiceState(std::string service) : breaker(std::move(service)) {}

  Breaker breaker;
  Bulkhead bulkhead;
};

}  // namespace penstock
