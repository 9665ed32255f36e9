#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "listener/listener.h"
#include "observe/log_ring.h"
#include "observe/metrics.h"
#include "overload/shedder.h"
#include "runtime/scope.h"
#include "runtime/worker.h"

namespace penstock {

// A worker with everything that is its own. Made and destroyed by control while its thread does not
// run; in between it is touched by its thread only.
class Seat {
 public:
  // `log` says whether there is an access log.
  static Result<std::unique_ptr<Seat>> create(std::size_t index, std::uint32_t workers, IoChoice io,
                                              bool log, const Budgets& budgets);

  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  // Joins the thread; what was posted to it too late runs here.
  ~Seat();

  Worker& worker() { return *worker_; }
  Loop& loop() { return worker_->loop(); }
  MetricStore& store() { return store_; }
  LogRing* ring() { return ring_.get(); }
  Gateway& gateway() { return *gateway_; }

  // Before the thread starts.
  Listener& add_listener(ListenerShared& shared, int descriptor);

  // The rest is posted to the seat's thread. `begun` is called there once all listeners accept;
  // listeners are counted in the order in which they were added.
  void start_listening(std::function<void()> begun = [] {});
  void drain();
  void drain(std::size_t listener, Listener::Waiting waiting);
  void resume(std::size_t listener);
  // Something is short: gives up what is cheap to give up.
  void relieve();
  // Cancels what is left, then ends the thread.
  void close();

 private:
  Seat(std::unique_ptr<Worker> worker, std::size_t index, std::uint32_t workers, bool log,
       const Budgets& budgets);
  Task<void> end();

  std::unique_ptr<Worker> worker_;
  const std::size_t index_;
  MetricStore store_;
  std::unique_ptr<LogRing> ring_;
  Shedder shedder_;
  std::unique_ptr<Gateway> gateway_;
  Scope scope_;
  Scope end_scope_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace penstock
