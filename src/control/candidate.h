#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/policies.h"
#include "config/snapshot.h"
#include "control/directory.h"
#include "control/tls_material.h"
#include "upstream/endpoint.h"

namespace penstock {

// What is wrong with a configuration, in sentences; bounded.
using Faults = std::vector<std::string>;

// Where a node's configuration comes from.
struct Origin {
  // Reads it anew, for a reload. Blocks: for the offload pool.
  std::function<Loaded()> load;
  // What is served at first is the last good configuration, since these were wrong with the files.
  Faults fallback;
};

// What a start or a reload would serve: checked and compiled, as a whole or not at all. Made away
// from every loop, since a large one takes seconds.
struct Candidate {
  NodeSettings node;
  std::vector<std::string> sources;  // The files' names.
  std::vector<DocumentText> texts;   // The files as they are written; empty when not from files.
  std::string hash;                  // Of the texts.
  TlsMaterial tls;
  std::unique_ptr<const Snapshot> snapshot;
  std::unique_ptr<const Directory> directory;  // Since resolve().
  Faults warnings;
};

Faults errors_of(const Loaded& loaded);

// Refused, with words, when the configuration is in error. `before` is the TLS of the one that is
// served.
std::expected<Candidate, Faults> make_candidate(Loaded loaded, std::uint64_t version,
                                                const PolicyHome& home, const TlsMaterial& before,
                                                const TlsWorkers& workers);

// Asks for the addresses of the services' hosts and makes the directory. Blocks.
void resolve(Candidate& candidate, DirectoryBuilder& builder);

}  // namespace penstock
