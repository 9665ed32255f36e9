#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/reason.h"
#include "observe/metrics.h"
#include "observe/protocol.h"

// The handles that the request path counts with. Each object belongs to one worker and its store:
// the store must outlive it. Names are looked up when it is made, or when a combination is met for
// the first time; after that a request costs a few additions.
namespace penstock {

// The limits that a stranger can run into, by their config keys.
enum class Limit : std::uint8_t {
  request_line,
  header_bytes,
  headers,
  body_bytes,
  header_timeout,
  body_idle_timeout,
  idle_timeout,
  connections,
  connections_per_address,
  pipelined_bytes,
  slow_reader,
  upstream_connections,
  upstream_requests,
  upstream_header_bytes,
  retry_budget,
  descriptors,
  rate_limit_keys,
};
inline constexpr std::size_t kLimits = static_cast<std::size_t>(Limit::rate_limit_keys) + 1;
std::string_view text_of(Limit limit);

enum class RouteMiss : std::uint8_t { no_host, no_path, method };
// Why a connection was closed right after its accept.
enum class Refusal : std::uint8_t { connections, connections_per_address, draining, overload };
enum class ConnectionState : std::uint8_t { idle, active };
enum class RetryOutcome : std::uint8_t { succeeded, failed, over_budget };
enum class ConnectOutcome : std::uint8_t { connected, refused, timed_out, failed, tls_failed };

// What holds for the worker as a whole.
class WorkerSeries {
 public:
  explicit WorkerSeries(MetricStore& store);

  // +1 when a request's head is complete, -1 when its exchange ends. An unknown method is `_OTHER`.
  void active_requests(std::string_view method, bool tls, int change);
  void missed(RouteMiss miss) { store_->add(misses_[static_cast<std::size_t>(miss)]); }
  void hit(Limit limit) { store_->add(limits_[static_cast<std::size_t>(limit)]); }
  // A line found its log ring full.
  void log_line_dropped() { store_->add(log_lines_dropped_); }

  MetricStore& store() { return *store_; }

 private:
  MetricStore* store_;
  std::array<Gauge, 20> active_{};  // By method and scheme, made when first met.
  std::array<Counter, 3> misses_;
  std::array<Counter, kLimits> limits_;
  Counter log_lines_dropped_;
};

class ListenerSeries {
 public:
  ListenerSeries(MetricStore& store, std::string_view listener);

  void accepted() { store_->add(accepted_); }
  // Rare beside what they cost, so looked up by name.
  void secured(std::string_view version, bool resumed);
  void handshake_failed(std::string_view reason);
  void refused(Refusal why) { store_->add(refused_[static_cast<std::size_t>(why)]); }
  void connections(ConnectionState state, int change) {
    store_->add(connections_[static_cast<std::size_t>(state)], change);
  }

 private:
  MetricStore* store_;
  std::string name_;
  Counter accepted_;
  std::array<Counter, 4> refused_;
  std::array<Gauge, 2> connections_;
};

class ServiceSeries {
 public:
  ServiceSeries(MetricStore& store, std::string_view service);

  // One attempt has ended; `status` 0 when no response head came.
  void attempt_ended(std::uint16_t status, Duration duration);
  // What became of a second or later attempt, or that there was none for want of budget.
  void retried(RetryOutcome outcome) { store_->add(retries_[static_cast<std::size_t>(outcome)]); }
  void connect_ended(ConnectOutcome outcome) {
    store_->add(connects_[static_cast<std::size_t>(outcome)]);
  }
  // A request went out on a connection that had carried one before.
  void reused() { store_->add(reuses_); }
  void connections(ConnectionState state, int change) {
    store_->add(connections_[static_cast<std::size_t>(state)], change);
  }
  // Rare, so looked up by name.
  void ejected(std::string_view endpoint);

  const std::string& name() const { return name_; }

 private:
  MetricStore* store_;
  std::string name_;
  std::array<Histogram, 6> durations_{};  // By the first digit of the status, 0 for none.
  std::array<Counter, 3> retries_;
  std::array<Counter, 5> connects_;
  Counter reuses_;
  std::array<Gauge, 2> connections_;
};

// What a request that is over tells the metrics.
struct FinishedRequest {
  std::string_view method;  // Any text: what RFC 9110 and PATCH do not name is `_OTHER`.
  bool tls = false;
  Protocol protocol = Protocol::http11;
  std::uint16_t status = 0;                // Sent to the client; 499 when it had gone.
  const Reason* reason = nullptr;          // Set when the gateway itself answered.
  const ServiceSeries* service = nullptr;  // Of the same worker; where it was forwarded to.
  Duration duration{};                     // From the first byte of the head to the last sent.
  std::optional<Duration> overhead = std::nullopt;  // What of it was the gateway's own time.
};

class RouteSeries {
 public:
  // `path` is the route's template, never a client's path. For requests that match no route there
  // is one RouteSeries whose texts are both empty.
  RouteSeries(MetricStore& store, std::string_view route_id, std::string_view path);

  void finished(const FinishedRequest& request);
  // It was for a version that is deprecated.
  void deprecated(std::string_view version);

 private:
  struct Key {
    const Reason* reason = nullptr;
    const ServiceSeries* service = nullptr;
    std::uint32_t packed = 0;  // Method, scheme, protocol and status.
    bool operator==(const Key&) const = default;
  };
  struct Entry {
    Key key;
    Histogram duration;
    Counter requests;
  };

  const Entry& entry_for(const Key& key);
  Entry make_entry(const Key& key);
  std::size_t place_of(const Key& key) const;
  void grow();

  MetricStore* store_;
  std::string_view route_;  // A text of the store's.
  std::string path_;
  Histogram overhead_;          // Made with the first request that was forwarded.
  std::vector<Entry> entries_;  // Open addressing; its size is a power of two, or zero.
  std::size_t used_ = 0;
  std::vector<std::pair<std::string, Counter>> deprecated_;  // By version; a few at most.
};

}  // namespace penstock
