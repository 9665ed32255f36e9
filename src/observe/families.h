#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace penstock {

// Every metric family there is, in the order in which they are shown. What each means, its labels
// and its unit stand once, in the table of families.cc.
enum class Family : std::uint8_t {
  server_request_duration,
  server_active_requests,
  requests,
  deprecated_requests,
  overhead,
  policy_duration,
  route_misses,
  ratelimit_decisions,
  limit_hits,
  overload_pressure,
  overload_shed,
  connections,
  connections_accepted,
  connections_refused,
  tls_handshakes,
  tls_handshake_failures,
  tls_certificate_expiry,
  tls_certificate_reloads,
  upstream_request_duration,
  upstream_connections,
  upstream_connects,
  upstream_reuses,
  retries,
  circuit_state,
  circuit_transitions,
  bulkhead_requests,
  endpoint_healthy,
  endpoint_ejections,
  health_checks,
  log_lines_dropped,
  config_last_apply_success,
  config_applies,
  config_apply,
  config_version_info,
  config_fallback,
  config_waiting_for_restart,
  upgrades,
  build_info,
  process_cpu,
  process_resident_memory,
  process_virtual_memory,
  process_open_fds,
  process_max_fds,
  process_start_time,
};
inline constexpr std::size_t kFamilies = static_cast<std::size_t>(Family::process_start_time) + 1;

enum class MetricKind : std::uint8_t { counter, gauge, histogram, info };

// Which upper bounds a histogram has. `none` for what is no histogram.
enum class Buckets : std::uint8_t { none, request, overhead, stage };
// In nanoseconds, ascending; the bucket above the last is implied.
std::span<const std::int64_t> bounds_of(Buckets buckets);

inline constexpr std::size_t kLabelsMost = 6;

struct FamilyInfo {
  Family family;
  std::string_view name;  // As samples are named, so a counter's ends in `_total`.
  MetricKind kind;
  // `seconds` are counted in nanoseconds, a `ratio` in thousandths; both are divided when shown.
  std::string_view unit;
  std::string_view help;
  std::array<std::string_view, kLabelsMost> label_names;  // Empty after the last.
  Buckets buckets = Buckets::none;

  std::span<const std::string_view> labels() const {
    std::size_t count = 0;
    while (count < kLabelsMost && !label_names[count].empty()) ++count;
    return {label_names.data(), count};
  }
};

const FamilyInfo& info_of(Family family);
std::span<const FamilyInfo> all_families();

// The table of all families as Markdown, for the reference.
std::string metrics_reference();

}  // namespace penstock
