#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/duration.h"
#include "observe/log_ring.h"
#include "observe/protocol.h"
#include "observe/series.h"

namespace penstock {

// How long a request was in one stage.
struct StageTime {
  std::string_view stage;
  Duration spent{};
};

// What the access log says of one request. An empty text, a zero status and an absent duration are
// written as null. Views need to live only while the line is made.
struct AccessRecord {
  WallTime time{};  // When the request began.
  std::string_view request_id;
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view client_ip;
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::string_view query;  // Written as REDACTED unless the log was told to show it.
  Protocol protocol = Protocol::http11;
  std::string_view route_id;
  std::string_view api_version;
  std::string_view user_id;
  std::string_view tenant_id;
  std::string_view auth_method;
  std::string_view upstream_service;
  std::string_view upstream_endpoint;
  std::uint32_t attempts = 0;
  std::uint16_t status_code = 0;
  std::uint16_t upstream_status = 0;
  std::string_view reason;  // The code of the reason for which the gateway itself answered.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Duration latency{};
  std::optional<Duration> upstream_latency = std::nullopt;
  std::optional<Duration> gateway_latency = std::nullopt;
  // Of the requests for which it was measured; absent in others.
  std::span<const StageTime> stages = {};
  std::string_view ratelimit_policy = {};  // Of the limit closest to its end; empty for none.
  std::uint32_t ratelimit_remaining = 0;
  std::string_view tls_version = {};  // Of the client's connection; empty: it is plain.
  std::string_view tls_sni = {};      // The name that the client asked for; may be empty.
  std::string_view user_agent;
  std::uint64_t config_version = 0;
};

// Makes one JSON line of a record, whatever bytes its fields hold: what is no UTF-8 becomes U+FFFD,
// a field longer than its limit ends in `…`. Allocates nothing. One per worker.
class AccessLine {
 public:
  static constexpr std::size_t kLongest = 14848;  // Bytes of a line, newline included.

  explicit AccessLine(bool show_query = false) : show_query_(show_query) {}

  // Ends with a newline. Valid until the next call.
  std::string_view format(const AccessRecord& record);

 private:
  char* put_time(char* at, WallTime time);

  bool show_query_;
  std::int64_t second_ = INT64_MIN;  // The second that second_text_ is of.
  std::array<char, 20> second_text_{};
  std::array<char, kLongest> line_;
};

// A worker's end of the access log.
class AccessLog {
 public:
  AccessLog(LogRing& ring, WorkerSeries& series, bool show_query = false)
      : ring_(ring), series_(series), line_(show_query) {}

  void write(const AccessRecord& record) {
    if (!ring_.try_push(line_.format(record))) series_.log_line_dropped();
  }

 private:
  LogRing& ring_;
  WorkerSeries& series_;
  AccessLine line_;
};

}  // namespace penstock
