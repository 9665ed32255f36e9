#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/snapshot.h"
#include "control/directory.h"
#include "control/seat.h"
#include "control/state_dir.h"
#include "listener/listener.h"
#include "net/listen.h"
#include "observe/log_thread.h"
#include "observe/metrics.h"
#include "observe/process.h"
#include "observe/series.h"
#include "runtime/epoll/epoll_loop.h"
#include "runtime/offload.h"
#include "runtime/published.h"
#include "runtime/signal.h"

namespace penstock {

// One gateway process: its workers, and control, which is the thread that calls run().
class Node {
 public:
  // Takes the state folder, opens the listening sockets and compiles the document: all that can
  // fail. The error is a sentence. Call Signals::block() before.
  static std::expected<std::unique_ptr<Node>, std::string> create(Config config);
  ~Node();

  // Who answers on the admin and health addresses; before run().
  void answer_admin(Listener::Serve serve) { admin_serve_ = std::move(serve); }
  // Serves until a signal ends it and what was in flight has ended: then the exit code.
  int run();

  // --- For admin, on control's loop.
  Loop& loop() { return *loop_; }
  enum class State : std::uint8_t { starting, serving, draining };
  State state() const { return state_; }
  // Every worker's and control's own series. A worker that does not answer in time is left out.
  Task<MergedMetrics> collect_metrics();

 private:
  struct Door {  // A listener of the configuration, and its sockets.
    std::unique_ptr<ListenerShared> shared;
    ListeningSockets sockets;
  };
  struct Scrape;

  Node(Config config, StateDir state_dir, std::unique_ptr<EpollLoop> loop);
  std::expected<void, std::string> prepare();
  std::expected<void, std::string> open_doors();
  std::expected<void, std::string> open_control_door(const std::string& name,
                                                     const std::string& address);
  std::expected<void, std::string> make_seats();
  std::expected<void, std::string> open_log();
  void lower_connections();
  void start_workers();
  void on_signal(int number);

  Task<void> resolve_now_and_then();
  Task<void> stop();
  Task<void> end();
  void announce() const;

  Config config_;
  StateDir state_dir_;
  std::unique_ptr<EpollLoop> loop_;
  State state_ = State::starting;
  Listener::Serve admin_serve_;

  MetricStore store_;
  WorkerSeries series_;
  ProcessSeries process_;
  Counter lost_lines_;

  DirectoryBuilder directory_;
  Published<Snapshot> published_snapshot_;
  Published<Directory> published_directory_;
  std::unique_ptr<const Snapshot> first_snapshot_;

  std::unique_ptr<LogThread> log_;
  std::vector<Door> doors_;
  std::vector<Door> control_doors_;  // Admin and health.
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<std::unique_ptr<Listener>> control_listeners_;
  std::optional<OffloadPool> offload_;
  Scope scope_;
  Scope stop_scope_;
  Signal hurry_;  // A second signal to stop.
  bool hurried_ = false;
};

}  // namespace penstock
