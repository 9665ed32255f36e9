#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/duration.h"
#include "base/list.h"
#include "http/h1/client_connection.h"
#include "net/tls/client_tls.h"
#include "observe/series.h"
#include "runtime/loop.h"

namespace penstock {

// What one worker's connections to one service have in common, over all its endpoints.
struct PoolTerms {
  std::uint32_t open = 0;
  std::uint32_t most = 0;
  Duration idle_timeout{};
};

// The connections of one worker to one endpoint that wait for a request. The one used last is taken
// first; each is watched while it waits: a FIN or bytes that nobody asked for retire it.
class Pool {
 public:
  // The terms may change; they outlive the pool.
  Pool(Loop& loop, PoolTerms& terms, ServiceSeries& series);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  // Closes those that wait. Those in use must have come back.
  ~Pool();

  // nullptr when none waits.
  std::unique_ptr<http::h1::ClientConnection> take();
  // A new connection counts from before its connect on.
  void opened();
  void closed();
  // After an exchange: keeps the connection if another may use it, else closes it.
  void give_back(std::unique_ptr<http::h1::ClientConnection> connection);
  // Closes the connection that has waited longest; false when none waits.
  bool evict();
  void close_idle();
  // The idle timeout has changed: none of those that wait does so for longer than it from now on.
  void hasten();

  // Of the endpoint, for connections to come.
  LastSession& last_session() { return last_session_; }

  std::size_t idle() const { return idle_count_; }
  std::uint32_t in_use() const { return in_use_; }

 private:
  class Waiting;

  Duration keep_for(const http::h1::ClientConnection& connection) const;
  void retire(Waiting& waiting);
  void set_idle(int change);

  Loop& loop_;
  PoolTerms& terms_;
  ServiceSeries& series_;
  LastSession last_session_;
  List<Waiting> idle_;  // The last used at the back.
  std::size_t idle_count_ = 0;
  std::uint32_t in_use_ = 0;
};

}  // namespace penstock
