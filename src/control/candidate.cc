#include "control/candidate.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "control/sha256.h"

namespace penstock {
namespace {

constexpr std::size_t kMostFaults = 20;

Faults sentences(std::span<const schema::Finding> findings, schema::Severity severity) {
  Faults faults;
  std::size_t more = 0;
  for (const auto& finding : findings) {
    if (finding.severity != severity) continue;
    if (faults.size() < kMostFaults)
      faults.push_back(to_text(finding));
    else
      ++more;
  }
  if (more > 0) faults.push_back(fmt::format("and {} more", more));
  return faults;
}

std::string hash_of(std::span<const DocumentText> texts) {
  Sha256 sum;
  for (const auto& document : texts) {
    sum.add(fmt::format("{}\n", document.text.size()));
    sum.add(document.text);
  }
  return sum.finish();
}

}  // namespace

Faults errors_of(const Loaded& loaded) {
  return sentences(loaded.findings, schema::Severity::error);
}

std::expected<Candidate, Faults> make_candidate(Loaded loaded, std::uint64_t version,
                                                const PolicyHome& home, const TlsMaterial& before,
                                                const TlsWorkers& workers) {
  if (!loaded.ok) return std::unexpected(errors_of(loaded));
  auto snapshot = compile(loaded.config.document, version, home);
  if (!snapshot) return std::unexpected(Faults{snapshot.error()});
  auto tls =
      load_tls(loaded.config.node.listeners, loaded.config.document.services, before, workers);
  if (!tls) return std::unexpected(Faults{tls.error()});
  Candidate candidate;
  candidate.tls = std::move(*tls);
  candidate.node = std::move(loaded.config.node);
  candidate.sources = std::move(loaded.config.sources);
  candidate.hash = hash_of(loaded.texts);
  candidate.texts = std::move(loaded.texts);
  candidate.snapshot = std::move(*snapshot);
  candidate.warnings = sentences(loaded.findings, schema::Severity::warning);
  return candidate;
}

void resolve(Candidate& candidate, DirectoryBuilder& builder) {
  const auto& services = candidate.snapshot->services;
  const auto hosts = resolve_hosts(services);
  builder.changed(hosts);  // It says which do not resolve.
  candidate.directory = builder.build(services, hosts, candidate.tls);
}

}  // namespace penstock
