#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/reason.h"
#include "base/result.h"
#include "base/uuid.h"
#include "exchange/forwarded.h"
#include "exchange/stage.h"
#include "http/body.h"
#include "http/h1/server_connection.h"
#include "http/message.h"
#include "http/responder.h"
#include "http/target.h"
#include "net/address.h"
#include "observe/metrics.h"
#include "observe/trace.h"

namespace penstock {

struct Route;
struct Snapshot;
class Policy;
class Visit;

// The worker that an exchange is on: what of it a policy may use.
struct WorkerPlace {
  std::uint32_t index = 0;
  MetricStore* store = nullptr;
};

// Where an exchange came in: what of its listener it needs.
struct Entrance {
  std::string_view listener;
  std::uint16_t port = 0;
  std::string_view scheme = "http";
  const CidrSet* trusted_proxies = nullptr;
  std::uint64_t body_bytes = 0;  // Longest request body.
};

// How the connection is secured, where it is.
struct TlsPart {
  std::string_view version;      // `TLSv1.3`; empty: it is not.
  std::string_view server_name;  // As the client sent it; may be empty.
};

// How long each stage took, of the few requests for which it is measured.
struct StageTimes {
  bool measured = false;
  bool wanted = false;  // A trusted caller asked to be told.
  std::array<Duration, kStages> spent{};
  Instant forwarded{};  // When the last of them, forward, began.
};

// What became of the request at the service.
struct UpstreamPart {
  std::string_view service;
  std::string_view endpoint;  // `10.0.0.1:8080`, of the last try.
  std::uint32_t attempts = 0;
  std::uint16_t status = 0;         // Of the last head that came.
  std::optional<Duration> latency;  // From the first try's begin to the answer's end.
};

// Of the limits that the request met, the one closest to its end; or the one that refused it.
struct LimitPart {
  std::string_view policy;      // Its id; empty when the request met none.
  std::uint32_t remaining = 0;  // What is left to the caller after this request.
  Duration until{};             // While something is left: until all is there; else until one is.
  bool refused = false;
  bool shown = false;  // The client is told, whether it was refused or not.
};

// One request and its response on their way through the gateway. It lives on one worker, from the
// end of the request's head to the report; then it is cleared and serves another request.
class Exchange {
 public:
  explicit Exchange(Loop& loop) : loop_(loop) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void clear();

  Loop& loop() { return loop_; }
  Arena& arena() { return workspace.arena; }

  // Keeps a body, most often an adapter around another, until the exchange is over.
  template <class T>
  T& keep(std::unique_ptr<T> body) {
    auto& kept = *body;
    kept_.push_back(std::move(body));
    return kept;
  }

  // Storage of all texts here, and of what is written to the client.
  http::h1::Workspace workspace;

  // --- Set by the listener.
  const Entrance* entrance = nullptr;
  const Address* peer = nullptr;
  TlsPart tls;
  Visit* visit = nullptr;  // The connection as what it costs.
  http::Responder* responder = nullptr;
  http::RequestHead request;
  http::Body* request_body = nullptr;
  // What is wrong with the request itself: its head could not be read.
  std::optional<Error> fault;
  Instant began{};        // The first byte of the head.
  WallTime began_wall{};  // The same, in civil time.

  // --- Set on the way.
  const WorkerPlace* worker = nullptr;
  // Nothing outside of this exchange may change: somebody only wants to know.
  bool dry_run = false;
  http::Target target;
  Forwarded client;
  std::string_view request_id;
  Trace trace;
  const Snapshot* snapshot = nullptr;  // The configuration it sees, for as long as it lasts.
  const Route* route = nullptr;
  std::string_view route_id;      // The route's; lives as long as the snapshot, like the service's.
  std::string_view service_name;  // Of the service that was selected.
  std::span<const Policy* const> policies;  // Of the route, in the order in which they are asked.
  std::size_t asked = 0;                    // How many of them were.
  bool told = false;                        // Those have seen the answer.
  Stage stage = Stage::guard;               // How far it has come.
  StageTimes times;
  LimitPart limit;
  std::uint32_t service = 0;  // Index into the snapshot's services, once it is selected.
  std::string_view version;   // Of the route's versions, where it has some.
  bool version_retires = false;
  std::string_view set_cookie;  // For the answer, so that the next request goes the same way.
  UpstreamPart upstream;

  // The answer: the service's, or the gateway's own, in which case there is a reason.
  http::ResponseHead response;
  http::Body* response_body = nullptr;
  const Reason* reason = nullptr;
  std::string_view detail;
  // Added to the answer, whoever makes it, before policies see it.
  http::Fields own_fields;
  http::TextBody text;  // The body of the gateway's own answers.

  // --- How it ended.
  std::uint16_t status_sent = 0;  // 499 when the client went before it got a head.
  bool delivered = false;         // The answer left whole, or cut as its framing shows.
  std::uint64_t bytes_in = 0;     // Content from the client.
  std::uint64_t bytes_out = 0;    // Content to the client.

  bool answered() const { return response.status != 0; }
  // The gateway itself answers. The response is written when it is sent, from the reason.
  void reject(const Reason& why, std::string_view public_detail = {});

 private:
  Loop& loop_;
  std::vector<std::unique_ptr<http::Body>> kept_;
};

// Whether the client speaks https with the gateway; what stands before that is another matter.
inline bool is_secured(const Exchange& exchange) {
  return exchange.entrance->scheme == "https";
}

// Exchanges of one worker that wait for their next request: with their storage, so that a busy
// worker allocates nothing.
class ExchangePool {
 public:
  static constexpr std::size_t kKeep = 256;

  explicit ExchangePool(Loop& loop) : loop_(loop) {}

  std::unique_ptr<Exchange> take();
  void give_back(std::unique_ptr<Exchange> exchange);

 private:
  Loop& loop_;
  std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace penstock
