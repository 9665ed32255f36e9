#include "observe/families.h"

#include <fmt/format.h>

#include <iterator>

#include "base/ensure.h"

namespace penstock {
namespace {

using enum MetricKind;

constexpr std::array<FamilyInfo, kFamilies> kTable = {{
    {Family::server_request_duration,
     "http_server_request_duration_seconds",
     histogram,
     "seconds",
     "Duration of requests, from the first byte received to the last sent.",
     {"http_request_method", "url_scheme", "http_route", "http_response_status_code",
      "network_protocol_version", "error_type"},
     Buckets::request},
    {Family::server_active_requests,
     "http_server_active_requests",
     gauge,
     "",
     "Requests being served now.",
     {"http_request_method", "url_scheme"}},
    {Family::requests,
     "penstock_requests_total",
     counter,
     "",
     "Requests that are over; the reason is set where the gateway itself answered.",
     {"route", "service", "code_class", "reason"}},
    {Family::deprecated_requests,
     "penstock_deprecated_requests_total",
     counter,
     "",
     "Requests for a version that is deprecated or has a sunset.",
     {"route", "version"}},
    {Family::overhead,
     "penstock_overhead_seconds",
     histogram,
     "seconds",
     "The gateway's own share of the duration of forwarded requests.",
     {"route"},
     Buckets::overhead},
    {Family::policy_duration,
     "penstock_policy_duration_seconds",
     histogram,
     "seconds",
     "Time spent in a stage by policies of a kind, or by the gateway itself; of one request in 64 "
     "and of those that ask for Server-Timing.",
     {"stage", "kind"},
     Buckets::stage},
    {Family::route_misses,
     "penstock_route_misses_total",
     counter,
     "",
     "Requests that no route matched: no_host, no_path, or a path without that method.",
     {"reason"}},
    {Family::ratelimit_decisions,
     "penstock_ratelimit_decisions_total",
     counter,
     "",
     "Requests that a rate limit policy allowed or limited.",
     {"policy", "decision"}},
    {Family::limit_hits,
     "penstock_limit_hits_total",
     counter,
     "",
     "How often something ran into a limit, by the limit's key in the configuration.",
     {"limit"}},
    {Family::overload_pressure,
     "penstock_overload_pressure_ratio",
     gauge,
     "ratio",
     "How much of what there is is in use: of memory, descriptors, or the lag of the busiest "
     "worker. "
     "From 0.9 on work is turned away.",
     {"resource"}},
    {Family::overload_shed,
     "penstock_overload_shed_total",
     counter,
     "",
     "What was turned away or given up for want of a resource: new connections and requests, idle "
     "connections, requests in flight.",
     {"resource", "what"}},
    {Family::connections,
     "penstock_connections",
     gauge,
     "",
     "Client connections open now; idle ones wait for a request.",
     {"listener", "state"}},
    {Family::connections_accepted,
     "penstock_connections_accepted_total",
     counter,
     "",
     "Client connections accepted.",
     {"listener"}},
    {Family::connections_refused,
     "penstock_connections_refused_total",
     counter,
     "",
     "Client connections closed right after they were accepted.",
     {"listener", "reason"}},
    {Family::tls_handshakes,
     "penstock_tls_handshakes_total",
     counter,
     "",
     "TLS handshakes with clients; resumed ones continued an earlier session.",
     {"listener", "version", "resumed"}},
    {Family::tls_handshake_failures,
     "penstock_tls_handshake_failures_total",
     counter,
     "",
     "TLS handshakes with clients that failed.",
     {"listener", "reason"}},
    {Family::tls_certificate_expiry,
     "penstock_tls_certificate_expiry_timestamp_seconds",
     gauge,
     "",
     "When a certificate that is served expires, in seconds since 1970; the first of those with "
     "the same listener and common name.",
     {"listener", "cn"}},
    {Family::tls_certificate_reloads,
     "penstock_tls_certificate_reloads_total",
     counter,
     "",
     "Times that certificate files had changed and were read again: success, or failure.",
     {"result"}},
    {Family::upstream_request_duration,
     "penstock_upstream_request_duration_seconds",
     histogram,
     "seconds",
     "Duration of attempts at a service; code_class is none where no response head came.",
     {"service", "code_class"},
     Buckets::request},
    {Family::upstream_connections,
     "penstock_upstream_connections",
     gauge,
     "",
     "Connections to a service open now; idle ones wait in the pool.",
     {"service", "state"}},
    {Family::upstream_connects,
     "penstock_upstream_connects_total",
     counter,
     "",
     "Attempts to connect to a service.",
     {"service", "outcome"}},
    {Family::upstream_reuses,
     "penstock_upstream_reuses_total",
     counter,
     "",
     "Requests sent on a connection that had carried one before.",
     {"service"}},
    {Family::retries,
     "penstock_retries_total",
     counter,
     "",
     "Retries and what became of them; over_budget ones were not made.",
     {"service", "outcome"}},
    {Family::circuit_state,
     "penstock_circuit_state",
     gauge,
     "",
     "Whether the service is spared since it fails: 0 closed, 1 half open, 2 open. Of services "
     "with "
     "a circuitBreaker.",
     {"service"}},
    {Family::circuit_transitions,
     "penstock_circuit_transitions_total",
     counter,
     "",
     "How often a circuit came to be closed, half_open or open.",
     {"service", "to"}},
    {Family::bulkhead_requests,
     "penstock_bulkhead_requests",
     gauge,
     "",
     "Requests that a service with a bulkhead has now, and those that wait for one of them to end.",
     {"service", "state"}},
    {Family::endpoint_healthy,
     "penstock_endpoint_healthy",
     gauge,
     "",
     "Whether an endpoint is in use: 1, or 0 while it is ejected or declared unhealthy.",
     {"service", "endpoint"}},
    {Family::endpoint_ejections,
     "penstock_endpoint_ejections_total",
     counter,
     "",
     "How often an endpoint was taken out of use for its failures.",
     {"service", "endpoint"}},
    {Family::health_checks,
     "penstock_health_checks_total",
     counter,
     "",
     "How often endpoints were asked whether they are well, and whether they were.",
     {"service", "result"}},
    {Family::log_lines_dropped,
     "penstock_log_lines_dropped_total",
     counter,
     "",
     "Access log lines lost: the ring to the log thread was full, or the write failed.",
     {"reason"}},
    {Family::config_last_apply_success,
     "penstock_config_last_apply_success",
     gauge,
     "",
     "Whether the last configuration given was applied: 1 or 0.",
     {}},
    {Family::config_applies,
     "penstock_config_applies_total",
     counter,
     "",
     "Configurations given to the gateway: success, or failure.",
     {"result"}},
    {Family::config_apply,
     "penstock_config_apply_seconds",
     histogram,
     "seconds",
     "Time from the wish for a configuration until it was in force.",
     {},
     Buckets::request},
    {Family::config_version_info,
     "penstock_config_version_info",
     info,
     "",
     "Which configuration is served: its number since the start, and its content's hash.",
     {"version", "hash"}},
    {Family::config_fallback,
     "penstock_config_fallback",
     gauge,
     "",
     "Whether the last good configuration is served because the files were wrong: 1 or 0.",
     {}},
    {Family::config_waiting_for_restart,
     "penstock_config_waiting_for_restart",
     gauge,
     "",
     "Settings whose change waits for the process's next start.",
     {}},
    {Family::upgrades,
     "penstock_upgrades_total",
     counter,
     "",
     "Upgrades by USR2: success is told by the new process, failure by the old one, which serves "
     "on.",
     {"result"}},
    {Family::build_info, "penstock_build_info", info, "", "What is running.", {"version"}},
    {Family::process_cpu,
     "process_cpu_seconds_total",
     counter,
     "seconds",
     "User and system CPU time spent.",
     {}},
    {Family::process_resident_memory,
     "process_resident_memory_bytes",
     gauge,
     "bytes",
     "Resident memory.",
     {}},
    {Family::process_virtual_memory,
     "process_virtual_memory_bytes",
     gauge,
     "bytes",
     "Virtual memory.",
     {}},
    {Family::process_open_fds, "process_open_fds", gauge, "", "Open file descriptors.", {}},
    {Family::process_max_fds,
     "process_max_fds",
     gauge,
     "",
     "The most file descriptors that may be open.",
     {}},
    {Family::process_start_time,
     "process_start_time_seconds",
     gauge,
     "seconds",
     "When the process started, in seconds since 1970.",
     {}},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kFamilies; ++i) {
    if (kTable[i].family != static_cast<Family>(i)) return false;
  }
  return true;
}
static_assert(is_in_order(), "the table stands in the order of the enum");

// OpenTelemetry's advice for http.server.request.duration, in nanoseconds.
constexpr std::array<std::int64_t, 14> kRequestBounds{
    5'000'000,     10'000'000,    25'000'000,    50'000'000,    75'000'000,
    100'000'000,   250'000'000,   500'000'000,   750'000'000,   1'000'000'000,
    2'500'000'000, 5'000'000'000, 7'500'000'000, 10'000'000'000};

// The same, and finer below: the gateway's own time is counted in microseconds.
constexpr std::array<std::int64_t, 20> kOverheadBounds{
    50'000,        100'000,       250'000,       500'000,       1'000'000,
    2'500'000,     5'000'000,     10'000'000,    25'000'000,    50'000'000,
    75'000'000,    100'000'000,   250'000'000,   500'000'000,   750'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 7'500'000'000, 10'000'000'000};

// A stage takes well under a microsecond, or as long as what it waits for.
constexpr std::array<std::int64_t, 15> kStageBounds{
    50,         100,         250,           500,           1'000,
    2'500,      5'000,       10'000,        100'000,       1'000'000,
    10'000'000, 100'000'000, 1'000'000'000, 5'000'000'000, 10'000'000'000};

constexpr std::string_view text_of(MetricKind kind) {
  constexpr std::array<std::string_view, 4> texts{"counter", "gauge", "histogram", "info"};
  return texts[static_cast<std::size_t>(kind)];
}

}  // namespace

std::span<const std::int64_t> bounds_of(Buckets buckets) {
  switch (buckets) {
    case Buckets::none:
      return {};
    case Buckets::request:
      return kRequestBounds;
    case Buckets::overhead:
      return kOverheadBounds;
    case Buckets::stage:
      return kStageBounds;
  }
  return {};
}

const FamilyInfo& info_of(Family family) {
  const auto index = static_cast<std::size_t>(family);
  ensure(index < kFamilies);
  return kTable[index];
}

std::span<const FamilyInfo> all_families() {
  return kTable;
}

std::string metrics_reference() {
  std::string out = "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n";
  for (const auto& family : kTable) {
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | ", family.name, text_of(family.kind));
    std::string_view separator;
    for (const auto label : family.labels()) {
      fmt::format_to(std::back_inserter(out), "{}`{}`", separator, label);
      separator = ", ";
    }
    fmt::format_to(std::back_inserter(out), " | {} |\n", family.help);
  }
  return out;
}

}  // namespace penstock
