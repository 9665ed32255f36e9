#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/policies.h"
#include "route/route.h"
#include "route/router.h"
#include "upstream/service_config.h"

namespace penstock {

// A document compiled for serving. Immutable and shared by all workers.
struct Snapshot {
  Router router;
  std::vector<Route> routes;            // By the router's route index.
  std::vector<ServiceConfig> services;  // By the index that a selection gives.
  Policies policies;
  std::uint64_t version = 0;
};

// Compiles a document that was checked. The error is a sentence. Takes its time on large documents:
// not for a worker.
std::expected<std::unique_ptr<Snapshot>, std::string> compile(const Document& document,
                                                              std::uint64_t version,
                                                              const PolicyHome& home = {});

}  // namespace penstock
