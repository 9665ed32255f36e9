#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "config/policies.h"
#include "config/snapshot.h"
#include "control/candidate.h"
#include "control/directory.h"
#include "gateway/gateway.h"
#include "observe/metrics.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/published.h"
#include "runtime/signal.h"
#include "upstream/endpoint.h"

namespace penstock {

// What is served, as its operator knows it.
struct Served {
  std::uint64_t version = 0;  // Counted from the process's start.
  std::string hash;
  std::vector<std::string> sources;
  std::size_t routes = 0;
  std::size_t services = 0;
  std::size_t policies = 0;
  WallTime since{};
};

// The last try to put a configuration into force.
struct Attempt {
  WallTime at{};
  Duration took{};
  Faults errors;  // Why the one before was kept; empty when all went well.
};

// What the workers serve, and how that changes: by a reload, or because names stand for other
// addresses now. The workers get the whole of a new configuration or keep the one they have. On
// control's loop; what takes its time is done by the pool.
class Publication {
 public:
  // Told of the node's settings in a configuration that is in force from now on.
  using OnSettings = std::function<void(const NodeSettings&)>;
  // Told of a listener whose certificates are others from now on.
  using OnCertificates = std::function<void(const std::string& listener)>;

  // The TLS workers outlive it.
  Publication(Loop& loop, OffloadPool& pool, MetricStore& store, std::string state_dir,
              const TlsWorkers& tls_workers);
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  // --- Before the loop turns, in this order.
  void begin_with(Origin origin, PolicyHome home, OnSettings on_settings,
                  OnCertificates on_certificates);
  void add_worker(Loop& loop, Gateway& gateway);
  // Told when snapshot() or directory() are others: on control's loop, once they have reached it.
  void tell_of_endpoints(std::function<void()> told) { on_endpoints_ = std::move(told); }
  // What is served is kept as the last good configuration, but not before this.
  void keep_from(Instant instant) { keep_from_ = instant; }
  // Resolves names, which blocks, and publishes.
  void publish_first(Candidate candidate);

  // Reloads when asked to, and now and then asks for the hosts' addresses again; one after the
  // other. Until it is cancelled.
  Task<void> keep_current();
  // Asks for a reload: at once, or after the one that is under way.
  void reload();

  // --- What there is to tell.
  const Served& served() const { return served_; }
  // The last try; the start was one, too.
  const Attempt& last_attempt() const { return attempt_; }
  // What was wrong with the files at the start, while the last good configuration is served.
  const Faults& fallback() const { return origin_.fallback; }
  // Why the last good configuration could not be kept; empty when it was.
  const std::string& unsaved() const { return unsaved_; }
  // Control's own view; empty before the loop has turned.
  const Replica<Snapshot>& snapshot() const { return snapshot_; }
  const Replica<Directory>& directory() const { return directory_; }
  const TlsMaterial& tls() const { return tls_; }
  // Why changed certificate files were not taken in; empty when nothing is wrong.
  const Faults& certificate_faults() const { return certificate_faults_; }
  // When the certificates expire.
  MetricCopy copy_certificates() const;
  // Which version serves: one series, however many versions there were.
  MetricCopy copy_version() const;

  // Before the pool ends, and when no worker is left: everything published is given back.
  void end();

 private:
  std::expected<Candidate, Faults> make(std::uint64_t version);
  Task<void> reload_once();
  Task<void> resolve_again();
  Task<void> look_at_certificates();
  Task<void> take_certificates(TlsMaterial tls);
  Task<void> save();
  void publish(Candidate& candidate);
  void publish(std::unique_ptr<const Directory> directory);
  void refused(Faults faults, Instant began);
  void accepted(Instant began);

  Loop& loop_;
  OffloadPool& pool_;
  MetricStore& store_;
  const std::string state_dir_;
  Origin origin_;
  PolicyHome home_;
  OnSettings on_settings_;
  OnCertificates on_certificates_;
  std::function<void()> on_endpoints_ = [] {};
  const TlsWorkers& tls_workers_;
  TlsMaterial tls_;
  TlsLook tls_look_;
  Faults certificate_faults_;

  Published<Snapshot> published_snapshot_;
  Published<Directory> published_directory_;
  Replica<Snapshot> snapshot_;
  Replica<Directory> directory_;
  DirectoryBuilder builder_;  // Touched by one task at a time, on the pool.

  Signal wanted_;
  bool reload_wanted_ = false;
  Served served_;
  Attempt attempt_;
  Instant keep_from_{};
  std::vector<DocumentText> to_save_;  // Of what is served, while it is not kept yet.
  std::string unsaved_;
};

}  // namespace penstock
