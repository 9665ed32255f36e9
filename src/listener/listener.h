#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/list.h"
#include "exchange/exchange.h"
#include "http/h1/server_connection.h"
#include "listener/connection_limits.h"
#include "listener/listener_config.h"
#include "net/address.h"
#include "net/tls/server_tls.h"
#include "observe/operational_log.h"
#include "observe/series.h"
#include "overload/shedder.h"
#include "runtime/loop.h"
#include "runtime/published.h"
#include "runtime/scope.h"
#include "runtime/signal.h"

namespace penstock {

// What of a listener's configuration a reload may change. Immutable; the networks in `trusted` were
// parsed from it.
struct ListenerSettings {
  ListenerSettings(const ListenerConfig& config, std::string_view name, std::uint16_t port,
                   CidrSet trusted, std::shared_ptr<const ServerTls> tls = nullptr);
  ListenerSettings(const ListenerSettings&) = delete;
  ListenerSettings& operator=(const ListenerSettings&) = delete;

  http::h1::ServerLimits limits;
  CidrSet trusted_proxies;
  std::shared_ptr<const ServerTls> tls;  // nullptr: plain HTTP.
  Entrance entrance;
};

// What all workers share of one listener.
struct ListenerShared {
  ListenerShared(const ListenerConfig& config, const Address& bound, CidrSet trusted,
                 std::uint32_t connections, std::shared_ptr<const ServerTls> tls = nullptr);

  const std::string name;
  const std::uint16_t port;
  const ListenerSettings first;  // What it begins with; see Listener::settings().
  ConnectionLimits connections;
  std::atomic<std::uint32_t> accepting{0};  // Workers that have not ended to accept.
};

// One worker's part of a listener: accepts on its own socket, and serves what comes. It is given
// the function that serves an exchange.
class Listener {
 public:
  using Serve = std::function<Task<void>(Exchange&)>;

  // `worker` is the worker's number. Without a shedder nothing is turned away for want of anything
  // but connections.
  Listener(Loop& loop, ListenerShared& shared, int descriptor, MetricStore& store,
           WorkerSeries& series, Serve serve, std::size_t worker = 0, Shedder* shedder = nullptr);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Accepts until drained; everything runs in `scope`.
  void start(Scope& scope);
  // Accepts what is queued already and then no more. Connections that wait for a request are
  // closed, or kept for one more of it or their idle timeout: a request may be on its way already.
  // The others are closed after the answer that is under way.
  enum class Waiting : std::uint8_t { closed, kept };
  void drain(Waiting waiting = Waiting::closed);
  // After drain(): accepts again. Control has counted it in `accepting` already.
  void resume();
  bool idle() const { return connections_.empty() && !accepting_; }

  // Swapped by control, once a reload has changed them. Limits hold for connections to come,
  // everything else from the next request on.
  Replica<ListenerSettings>& settings() { return settings_; }

 private:
  class Connection;

  // While descriptors have run out: how long until the next try to accept.
  static constexpr Duration kOutOfDescriptors = std::chrono::milliseconds(100);
  // How often a failed handshake is logged at the most.
  static constexpr Duration kFailuresLogged = std::chrono::seconds(1);
  // Connections that are told at once that there are too many; beyond that they are just closed.
  static constexpr std::size_t kTurnedAway = 4;

  void begin_to_accept();
  Task<void> accept();
  void admit(Accepted accepted);
  void turn_away(std::unique_ptr<Stream> stream, Resource wanting);
  Task<void> say_why(std::unique_ptr<Stream> stream, Resource wanting);
  Task<void> say_and_close(Stream& stream, std::string_view answer);
  Task<bool> shake_hands(Connection& connection);
  void note_failure(const Connection& connection, const HandshakeFailure& failure);
  Task<void> serve_connection(std::unique_ptr<Stream> stream, Address peer,
                              ConnectionLimits::Admission admission);
  Task<void> serve_request(Connection& connection);
  Task<Result<void>> read_head(Connection& connection, Exchange& exchange);
  void count_limit(const Error& fault);
  const ListenerSettings& current() const { return settings_ ? *settings_ : shared_.first; }

  Loop& loop_;
  ListenerShared& shared_;
  Replica<ListenerSettings> settings_;
  const int descriptor_;
  const std::size_t worker_;
  ListenerSeries listener_series_;
  WorkerSeries& series_;
  const Serve serve_;
  Shedder* const shedder_;
  ExchangePool exchanges_;
  std::unique_ptr<Acceptor> acceptor_;
  Scope* scope_ = nullptr;
  List<Connection> connections_;
  std::size_t turned_away_ = 0;
  Every log_failures_{kFailuresLogged};
  bool accepting_ = false;
  bool draining_ = false;
};

}  // namespace penstock
