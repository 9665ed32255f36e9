#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "config/snapshot.h"
#include "exchange/exchange.h"
#include "http/hop.h"
#include "observe/access_log.h"
#include "observe/series.h"
#include "policy/step.h"
#include "runtime/loop.h"
#include "runtime/published.h"
#include "upstream/endpoint.h"
#include "upstream/service.h"

namespace penstock {

// What a worker has made for one snapshot, by the snapshot's indices. An exchange holds on to the
// one it began with: nothing that it touches after a wait is a newer snapshot's.
struct Serving {
  std::uint64_t version = 0;
  std::vector<std::shared_ptr<Service>> services;
  std::vector<std::unique_ptr<RouteSeries>> routes;  // Made when a route is first matched.
};

// What an exchange holds on to: it sees one configuration from its head to its end.
struct Held {
  // What the end of one needs that has let go of the tables.
  struct Rest {
    std::shared_ptr<const PolicySet> policies;
    std::shared_ptr<Service> service;
    RouteSeries series;
  };

  Pin<Snapshot> snapshot;
  std::shared_ptr<Serving> serving;
  std::uint64_t version = 0;
  std::unique_ptr<Rest> rest;
};

// What serves exchanges on one worker. Everything it has is that worker's own, or an immutable
// thing that control published.
class Gateway {
 public:
  // Without a ring there is no access log. `workers` share the services' connection limits.
  // `index` is the worker's own number among them.
  Gateway(Loop& loop, MetricStore& store, LogRing* ring, std::uint32_t workers,
          std::uint32_t index = 0);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Serves one request, from its head to the report: see serve.cc.
  Task<void> serve(Exchange& exchange);

  // Swapped by control.
  Replica<Snapshot>& snapshot() { return snapshot_; }
  Replica<Directory>& directory() { return directory_; }
  WorkerSeries& series() { return series_; }
  Loop& loop() { return loop_; }

 private:
  friend class Explainer;  // Walks the same stages, dry: explain.cc.

  // --- The stages, in their order; false when the exchange has been answered.
  bool guard(Exchange& exchange);
  bool match(Exchange& exchange, const Snapshot& snapshot);
  static RouteRequest route_request(const Exchange& exchange, const Snapshot& snapshot);
  static void authenticate(Exchange& exchange);
  void select(Exchange& exchange);
  Task<void> forward(Exchange& exchange, Held& held);
  // --- Between them, the route's policies: policies.cc.
  std::optional<Step> ask_next(Exchange& exchange);
  std::optional<Task<Step>> ask_policies(Exchange& exchange);
  Task<void> await_policies(Exchange& exchange, Task<Step> waiting);
  void enter(Exchange& exchange, Stage stage);
  static void tell_selection(Exchange& exchange);
  static void tell_policies(Exchange& exchange);
  static void end_policies(Exchange& exchange);
  // --- And the way back.
  Task<void> send(Exchange& exchange);
  void report(Exchange& exchange, Held& held);

  bool find_out_who_asks(Exchange& exchange);
  static bool is_shed(Exchange& exchange);
  static const Reason& cut_by(const Exchange& exchange);
  bool count_hops(Exchange& exchange);
  void reject(Exchange& exchange, const Error& error);
  void answer_options(Exchange& exchange);
  void address_request(Exchange& exchange, const EndpointSet& set);
  Task<void> tunnel(Exchange& exchange, class Call& call);
  void complete_head(Exchange& exchange);
  void note_end(Exchange& exchange, const http::Sent& sent);
  RouteSeries& series_of(const Exchange& exchange, Held& held);
  void write_log(const Exchange& exchange, Duration latency, Duration overhead,
                 std::uint64_t version);

  static void ask_for_times(Exchange& exchange);
  static void write_times(Exchange& exchange);
  Held hold();
  void let_go(Exchange& exchange, Held& held);
  std::string_view date();

  Loop& loop_;
  MetricStore& store_;
  const WorkerPlace place_;
  WorkerSeries series_;
  std::optional<AccessLog> access_log_;
  UuidSource uuids_;
  const http::Via via_;

  Replica<Snapshot> snapshot_;
  Replica<Directory> directory_;

  Services services_;
  std::shared_ptr<Serving> serving_;  // Of the newest snapshot that was used.
  RouteSeries no_route_;

  // Of so many requests one is measured stage by stage.
  static constexpr std::uint64_t kMeasuredShare = 64;
  std::uint64_t served_ = 0;

  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace penstock
