#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load.h"
#include "control/admin_token.h"
#include "control/candidate.h"
#include "control/door.h"
#include "control/inheritance.h"
#include "control/load_watch.h"
#include "control/publication.h"
#include "control/seat.h"
#include "control/state_dir.h"
#include "control/successor.h"
#include "listener/listener.h"
#include "net/tls/tls_worker.h"
#include "observe/log_thread.h"
#include "observe/metrics.h"
#include "observe/process.h"
#include "observe/series.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/signal.h"
#include "upstream/health_checks.h"

namespace penstock {

// One gateway process: its workers, and control, which is the thread that calls run().
class Node {
 public:
  // Takes the state folder, opens the listening sockets, or inherits them, and compiles the
  // document: all that can fail. The error is a sentence. Call Signals::block() before. `loaded` is
  // ok.
  static std::expected<std::unique_ptr<Node>, std::string> create(Loaded loaded, Origin origin = {},
                                                                  Inheritance inheritance = {});
  ~Node();

  // Who answers on the admin and health addresses; before run().
  void answer_admin(Listener::Serve serve) { admin_serve_ = std::move(serve); }
  // Serves until a signal ends it and what was in flight has ended: then the exit code.
  int run();

  // --- For admin, on control's loop.
  Loop& loop() { return *loop_; }
  OffloadPool& pool() { return pool_; }
  enum class State : std::uint8_t { starting, serving, draining };
  State state() const { return state_; }
  WallTime started() const { return started_; }
  // Every worker's and control's own series. A worker that does not answer in time is left out.
  Task<MergedMetrics> collect_metrics();
  const AdminToken& token() const { return token_; }
  const Publication& publication() const { return publication_; }
  const Budgets& budgets() const { return budgets_; }
  // The settings in force, and the paths of those that wait for the next start.
  const NodeSettings& settings() const { return settings_; }
  const std::vector<std::string>& waiting_for_restart() const { return waiting_; }
  const std::string& state_dir() const { return state_dir_.path(); }
  // The last try to be upgraded, if there was one; and the process that is to take this one's place
  // or has taken it.
  struct Upgrade {
    WallTime at{};
    std::string error;  // Empty while it is under way, and where it succeeded.
  };
  const std::optional<Upgrade>& last_upgrade() const { return last_upgrade_; }
  std::optional<pid_t> successor() const;
  // The process whose place this one took.
  std::optional<pid_t> predecessor() const { return predecessor_; }
  std::size_t workers() const { return seats_.size(); }
  const std::vector<std::unique_ptr<Door>>& doors() const { return doors_; }
  const std::vector<std::unique_ptr<Door>>& control_doors() const { return control_doors_; }
  const Address& admin_address() const { return control_doors_.front()->address(); }

 private:
  struct Scrape;

  Node(NodeSettings settings, StateDir state_dir, AdminToken token, std::unique_ptr<Loop> loop,
       Inheritance inheritance);
  std::expected<void, std::string> prepare(Loaded loaded, Origin origin);
  std::expected<void, std::string> open_doors();
  std::expected<void, std::string> open_control_door(const std::string& name,
                                                     const std::string& address);
  std::expected<void, std::string> make_seats();
  std::expected<void, std::string> open_log();
  void start_workers();
  void start_admin();
  void on_listening();
  void on_signal(int number);
  void on_reload();
  void on_stop();
  void apply(const NodeSettings& wanted);
  void apply_certificates(const std::string& listener);

  Task<void> stop();
  Task<void> drain();
  Task<void> wait_until_empty(Instant until, const bool& cut, Duration longest_look);
  std::uint64_t open_connections() const;

  void on_upgrade();
  Task<void> upgrade();
  void yield_to(const std::vector<int>& sockets);
  void take_back();
  void upgrade_failed(const std::string& error);
  Task<void> leave();

  void announce() const;
  void announce_token() const;

  const TlsWorkers tls_workers_;       // Of the workers, then control's. Outlives all of TLS.
  const NodeSettings first_settings_;  // What needs a restart is still as it says.
  NodeSettings settings_;
  LoweredConnections lowered_;
  std::vector<std::string> waiting_;
  StateDir state_dir_;
  AdminToken token_;
  std::unique_ptr<Loop> loop_;
  OffloadPool pool_;  // Ends before the loop, and after all that it may be asked to free.
  State state_ = State::starting;
  const WallTime started_;
  Listener::Serve admin_serve_;

  MetricStore store_;
  WorkerSeries series_;
  ProcessSeries process_;
  Counter lost_lines_;

  Budgets budgets_;
  LoadWatch load_watch_;
  Publication publication_;
  HealthChecks health_checks_;
  Candidate first_;

  std::unique_ptr<LogThread> log_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<std::unique_ptr<Door>> control_doors_;  // Admin and health.
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<std::unique_ptr<Listener>> control_listeners_;
  Scope scope_;
  Scope stop_scope_;
  Signal hurry_;               // A signal to stop, after which less is waited for.
  bool stopping_ = false;      // One has come.
  bool hurried_ = false;       // A second one.
  std::size_t listening_ = 0;  // Workers that accept.

  Inheritance inheritance_;
  const std::optional<pid_t> predecessor_;
  std::unique_ptr<Successor> successor_;
  std::vector<std::size_t> yielded_;          // Doors that the successor serves,
  std::vector<std::size_t> yielded_control_;  // and control doors.
  bool settled_ = false;                      // It serves for long enough.
  bool reload_successor_ = false;             // HUP has come while it started.
  std::optional<Upgrade> last_upgrade_;
};

}  // namespace penstock
