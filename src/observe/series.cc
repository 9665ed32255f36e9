#include "observe/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

constexpr std::string_view kOtherMethod = "_OTHER";  // OpenTelemetry's word.
constexpr std::array<std::string_view, 10> kMethods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", kOtherMethod};

std::uint32_t number_of(std::string_view method) {
  for (std::uint32_t i = 0; i + 1 < kMethods.size(); ++i) {
    if (kMethods[i] == method) return i;
  }
  return kMethods.size() - 1;
}

std::string_view scheme_text(bool tls) {
  return tls ? "https" : "http";
}

constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

std::size_t class_of(std::uint16_t status) {
  return status >= 100 && status < 600 ? status / 100 : 0;
}

// The status codes that are registered or well known.
constexpr auto kKnownStatuses = [] {
  constexpr std::array<std::pair<std::size_t, std::size_t>, 12> ranges{{{100, 104},
                                                                        {200, 208},
                                                                        {226, 226},
                                                                        {300, 308},
                                                                        {400, 418},
                                                                        {421, 426},
                                                                        {428, 429},
                                                                        {431, 431},
                                                                        {451, 451},
                                                                        {499, 499},
                                                                        {500, 508},
                                                                        {510, 511}}};
  std::array<bool, 600> known{};
  for (const auto& [first, last] : ranges) {
    for (auto status = first; status <= last; ++status) known[status] = true;
  }
  return known;
}();

// The status as a key: known ones are themselves, the rest are 1000 and their class, so that an
// origin that makes up numbers does not make up series.
constexpr std::uint16_t kUnknown = 1000;
std::uint16_t bounded(std::uint16_t status) {
  if (status < kKnownStatuses.size() && kKnownStatuses[status]) return status;
  return static_cast<std::uint16_t>(kUnknown + class_of(status));
}
std::size_t class_of_bounded(std::uint16_t status) {
  return status >= kUnknown ? status - kUnknown : class_of(status);
}
std::string text_of_bounded(std::uint16_t status) {
  return status >= kUnknown ? std::string(kOtherLabel) : fmt::to_string(status);
}

// OpenTelemetry's error.type: set where the request failed by our fault or the service's, and where
// the client left; a refusal that the client has earned is no error of the server.
std::string error_type(std::uint16_t bounded_status, const Reason* reason) {
  if (bounded_status != 499 && class_of_bounded(bounded_status) != 5) return {};
  return reason != nullptr ? std::string(reason->code) : text_of_bounded(bounded_status);
}

// How RouteSeries::Key::packed is laid out: method 4 bits, scheme 1, protocol 2, status above.
constexpr std::uint32_t kSchemeShift = 4;
constexpr std::uint32_t kProtocolShift = 5;
constexpr std::uint32_t kStatusShift = 8;

constexpr std::array<std::string_view, 2> kStates{"idle", "active"};

}  // namespace

std::string_view text_of(Limit limit) {
  switch (limit) {
    case Limit::request_line:
      return "requestLine";
    case Limit::header_bytes:
      return "headerBytes";
    case Limit::headers:
      return "headers";
    case Limit::body_bytes:
      return "bodyBytes";
    case Limit::header_timeout:
      return "headerTimeout";
    case Limit::body_idle_timeout:
      return "bodyIdleTimeout";
    case Limit::idle_timeout:
      return "idleTimeout";
    case Limit::connections:
      return "connections";
    case Limit::connections_per_address:
      return "connectionsPerAddress";
    case Limit::pipelined_bytes:
      return "pipelinedBytes";
    case Limit::slow_reader:
      return "slowReader";
    case Limit::upstream_requests:
      return "maxRequests";
    case Limit::upstream_connections:
      return "maxConnections";
    case Limit::upstream_header_bytes:
      return "upstreamHeaderBytes";
    case Limit::retry_budget:
      return "budget";
    case Limit::descriptors:
      return "descriptors";
    case Limit::rate_limit_keys:
      return "maxKeys";
  }
  return "unknown";
}

WorkerSeries::WorkerSeries(MetricStore& store) : store_(&store) {
  constexpr std::array<std::string_view, 3> misses{"no_host", "no_path", "method"};
  for (std::size_t i = 0; i < misses.size(); ++i)
    misses_[i] = store.counter(Family::route_misses, {misses[i]});
  for (std::size_t i = 0; i < kLimits; ++i)
    limits_[i] = store.counter(Family::limit_hits, {text_of(static_cast<Limit>(i))});
  log_lines_dropped_ = store.counter(Family::log_lines_dropped, {"ring_full"});
}

void WorkerSeries::active_requests(std::string_view method, bool tls, int change) {
  const auto number = number_of(method);
  auto& gauge = active_[number * 2 + (tls ? 1 : 0)];
  if (!gauge)
    gauge = store_->gauge(Family::server_active_requests, {kMethods[number], scheme_text(tls)});
  store_->add(gauge, change);
}

ListenerSeries::ListenerSeries(MetricStore& store, std::string_view listener)
    : store_(&store), name_(listener) {
  constexpr std::array<std::string_view, 4> refusals{"connections", "connectionsPerAddress",
                                                     "draining", "overload"};
  accepted_ = store.counter(Family::connections_accepted, {listener});
  for (std::size_t i = 0; i < refusals.size(); ++i)
    refused_[i] = store.counter(Family::connections_refused, {listener, refusals[i]});
  for (std::size_t i = 0; i < kStates.size(); ++i)
    connections_[i] = store.gauge(Family::connections, {listener, kStates[i]});
}

void ListenerSeries::secured(std::string_view version, bool resumed) {
  store_->add(
      store_->counter(Family::tls_handshakes, {name_, version, resumed ? "true" : "false"}));
}

void ListenerSeries::handshake_failed(std::string_view reason) {
  store_->add(store_->counter(Family::tls_handshake_failures, {name_, reason}));
}

ServiceSeries::ServiceSeries(MetricStore& store, std::string_view service)
    : store_(&store), name_(service) {
  constexpr std::array<std::string_view, 3> retries{"succeeded", "failed", "over_budget"};
  for (std::size_t i = 0; i < retries.size(); ++i)
    retries_[i] = store.counter(Family::retries, {service, retries[i]});
  constexpr std::array<std::string_view, 5> connects{"connected", "refused", "timed_out", "failed",
                                                     "tls_failed"};
  for (std::size_t i = 0; i < connects.size(); ++i)
    connects_[i] = store.counter(Family::upstream_connects, {service, connects[i]});
  reuses_ = store.counter(Family::upstream_reuses, {service});
  for (std::size_t i = 0; i < kStates.size(); ++i)
    connections_[i] = store.gauge(Family::upstream_connections, {service, kStates[i]});
}

void ServiceSeries::attempt_ended(std::uint16_t status, Duration duration) {
  const auto index = class_of(status);
  auto& histogram = durations_[index];
  if (!histogram)
    histogram = store_->histogram(Family::upstream_request_duration, {name_, kClasses[index]});
  store_->observe(histogram, duration);
}

void ServiceSeries::ejected(std::string_view endpoint) {
  store_->add(store_->counter(Family::endpoint_ejections, {name_, endpoint}));
}

RouteSeries::RouteSeries(MetricStore& store, std::string_view route_id, std::string_view path)
    : store_(&store), route_(route_id.empty() ? route_id : store.admit_route(route_id)) {
  path_ = route_ == kOtherLabel ? kOtherLabel : path;
}

void RouteSeries::finished(const FinishedRequest& request) {
  const auto packed = number_of(request.method) | (request.tls ? 1U : 0U) << kSchemeShift |
                      static_cast<std::uint32_t>(request.protocol) << kProtocolShift |
                      static_cast<std::uint32_t>(bounded(request.status)) << kStatusShift;
  const auto& entry = entry_for({request.reason, request.service, packed});
  store_->observe(entry.duration, request.duration);
  store_->add(entry.requests);
  if (!request.overhead) return;
  if (!overhead_) overhead_ = store_->histogram(Family::overhead, {route_});
  store_->observe(overhead_, *request.overhead);
}

void RouteSeries::deprecated(std::string_view version) {
  const auto is_known = [&](const auto& known) { return known.first == version; };
  auto known = std::find_if(deprecated_.begin(), deprecated_.end(), is_known);
  if (known == deprecated_.end()) {
    const auto label = route_ == kOtherLabel ? kOtherLabel : version;
    const auto counter = store_->counter(Family::deprecated_requests, {route_, label});
    known = deprecated_.emplace(known, version, counter);
  }
  store_->add(known->second);
}

const RouteSeries::Entry& RouteSeries::entry_for(const Key& key) {
  if (!entries_.empty()) {
    const auto& entry = entries_[place_of(key)];
    if (entry.requests) [[likely]]
      return entry;
  }
  if (used_ * 2 >= entries_.size()) grow();
  auto& entry = entries_[place_of(key)];
  entry = make_entry(key);
  ++used_;
  return entry;
}

RouteSeries::Entry RouteSeries::make_entry(const Key& key) {
  const auto method = kMethods[key.packed & 0xf];
  const bool tls = (key.packed >> kSchemeShift & 1) != 0;
  const auto protocol = static_cast<Protocol>(key.packed >> kProtocolShift & 3);
  const auto status = static_cast<std::uint16_t>(key.packed >> kStatusShift);
  const auto service = key.service != nullptr ? std::string_view(key.service->name()) : "";
  const auto reason = key.reason != nullptr ? key.reason->code : "";
  return {key,
          store_->histogram(Family::server_request_duration,
                            {method, scheme_text(tls), path_, text_of_bounded(status),
                             version_of(protocol), error_type(status, key.reason)}),
          store_->counter(Family::requests,
                          {route_, service, kClasses[class_of_bounded(status)], reason})};
}

// Where the key is, or the free place where it belongs. The table is never full.
std::size_t RouteSeries::place_of(const Key& key) const {
  auto hash = reinterpret_cast<std::uintptr_t>(key.reason) ^
              (reinterpret_cast<std::uintptr_t>(key.service) << 20) ^
              (std::uint64_t{key.packed} << 32);
  hash *= 0x9e3779b97f4a7c15;  // Fibonacci hashing: the high bits are the good ones.
  const auto mask = entries_.size() - 1;
  for (auto at = (hash >> 40) & mask;; at = (at + 1) & mask) {
    if (!entries_[at].requests || entries_[at].key == key) return at;
  }
}

void RouteSeries::grow() {
  auto old =
      std::exchange(entries_, std::vector<Entry>(entries_.empty() ? 4 : entries_.size() * 2));
  for (const auto& entry : old) {
    if (entry.requests) entries_[place_of(entry.key)] = entry;
  }
}

}  // namespace penstock
