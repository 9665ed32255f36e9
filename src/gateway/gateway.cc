#include "gateway/gateway.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>

namespace penstock {
namespace {

// What the gateway itself can be asked, for `OPTIONS *` and an exhausted Max-Forwards.
constexpr std::string_view kAllMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// The stages in which time was spent, where that was measured.
std::span<const StageTime> stages_of(const Exchange& exchange,
                                     std::array<StageTime, kStages>& storage) {
  if (!exchange.times.measured) return {};
  std::size_t count = 0;
  for (std::size_t i = 0; i < kStages; ++i)
    if (exchange.times.spent[i] > Duration{})
      storage[count++] = {text_of(static_cast<Stage>(i)), exchange.times.spent[i]};
  return {storage.data(), count};
}

// For the log, of a target that is refused: what of it can be told from the rest. Neither the query
// nor user information is shown, and nothing is matched by it.
void note_refused(const http::RequestHead& request, http::Target& target, Arena& arena) {
  auto path = request.target;
  if (!path.starts_with('/')) {
    const auto scheme = path.find("://");
    const auto slash = scheme == std::string_view::npos ? scheme : path.find('/', scheme + 3);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  }
  target.path = path.substr(0, path.find_first_of("?#"));
  const auto* const host = request.fields.find(http::Name::host);
  if (host == nullptr || request.fields.count(http::Name::host) > 1) return;
  if (const auto authority = http::parse_authority(host->value, arena))
    target.authority = *authority;
}

}  // namespace

Gateway::Gateway(Loop& loop, MetricStore& store, LogRing* ring, std::uint32_t workers,
                 std::uint32_t index)
    : loop_(loop),
      store_(store),
      place_{index, &store},
      series_(store),
      uuids_(loop.random()),
      services_(loop, store, workers, index),
      no_route_(store, {}, {}) {
  if (ring != nullptr) access_log_.emplace(*ring, series_);
}

// Takes hold of the newest snapshot. Makes the worker's own things for it when it is seen for the
// first time.
Held Gateway::hold() {
  Held held{.snapshot = snapshot_.pin(), .serving = {}, .version = snapshot_->version, .rest = {}};
  const auto& snapshot = *held.snapshot;
  if (serving_ == nullptr || serving_->version != snapshot.version) {
    serving_ = std::make_shared<Serving>();
    serving_->version = snapshot.version;
    serving_->services = services_.adopt(snapshot.services);
    serving_->routes.resize(snapshot.routes.size());
  }
  services_.follow(*directory_);
  held.serving = serving_;
  return held;
}

// For an exchange whose answer may last for hours, once all is decided about it: a table of 100,000
// routes shall not stay because of one WebSocket. The route itself is gone then, its names are not.
void Gateway::let_go(Exchange& exchange, Held& held) {
  const auto& route = *exchange.route;
  held.rest = std::make_unique<Held::Rest>(
      Held::Rest{.policies = held.snapshot->policies.set,
                 .service = held.serving->services[exchange.service],
                 .series = RouteSeries(store_, route.route_id, route.path)});
  exchange.route_id = exchange.arena().copy(exchange.route_id);
  exchange.service_name = exchange.arena().copy(exchange.service_name);
  exchange.version = exchange.arena().copy(exchange.version);
  exchange.route = nullptr;
  exchange.snapshot = nullptr;
  held.serving.reset();
  held.snapshot.reset();
}

// --- Guard's parts

bool Gateway::find_out_who_asks(Exchange& exchange) {
  auto& request = exchange.request;
  auto& arena = exchange.arena();
  char fresh[kUuidSize];
  const auto uuid = arena.copy(uuids_.next(exchange.began_wall, fresh));
  exchange.request_id = uuid;
  Result<http::Target> target = fail(Error{});
  // Whether encoded slashes are refused is for the route to say.
  if (!exchange.fault) target = http::canonical_target(request, arena, {.encoded_slash = true});
  if (target) exchange.target = *target;
  const auto& entrance = *exchange.entrance;
  const Arrival arrival{.peer = *exchange.peer,
                        .scheme = entrance.scheme,
                        .host = exchange.target.authority.text,
                        .port = entrance.port};
  exchange.client = find_client(arrival, *entrance.trusted_proxies, request.fields, arena);
  exchange.request_id = choose_request_id(request.fields, exchange.client.peer_trusted, uuid);
  const auto* const parent = request.fields.find(http::Name::traceparent);
  exchange.trace = Trace::continue_or_begin(
      parent != nullptr && request.fields.count(http::Name::traceparent) == 1
          ? std::optional(parent->value)
          : std::nullopt,
      exchange.client.peer_trusted, loop_.random());
  if (target) return true;
  if (!exchange.fault) note_refused(request, exchange.target, arena);
  const auto& fault = exchange.fault ? *exchange.fault : target.error();
  exchange.reject(fault.reason != nullptr ? *fault.reason : reasons::kMalformedRequest,
                  fault.detail);
  if (exchange.reason == &reasons::kMethodRefused)
    exchange.response.fields.add(http::Name::allow, kAllMethods);
  exchange.responder->close_after();
  return false;
}

bool Gateway::count_hops(Exchange& exchange) {
  if (via_.loops(exchange.request.fields)) {
    exchange.reject(reasons::kLoop);
    return false;
  }
  const auto hops = http::count_down_max_forwards(exchange.request, exchange.arena());
  if (!hops) {
    exchange.reject(*hops.error().reason, hops.error().detail);
    exchange.responder->close_after();
    return false;
  }
  if (*hops == http::Hops::forward) return true;
  answer_options(exchange);
  return false;
}

void Gateway::answer_options(Exchange& exchange) {
  exchange.response.status = 200;
  exchange.response.framing = http::Framing::length;
  exchange.response.fields.add(http::Name::allow, kAllMethods);
}

// Answers for an error, and counts the limit that was met, if it was one.
void Gateway::reject(Exchange& exchange, const Error& error) {
  const auto& fallback =
      error.kind == Error::Kind::cancelled ? cut_by(exchange) : reasons::kInternal;
  const auto& reason = error.reason != nullptr ? *error.reason : fallback;
  exchange.reject(reason, error.detail);
  if (&reason == &reasons::kBodyTooLarge) series_.hit(Limit::body_bytes);
  if (&reason == &reasons::kRequestTimeout) series_.hit(Limit::body_idle_timeout);
  if (&reason == &reasons::kPoolExhausted) series_.hit(Limit::upstream_connections);
  if (&reason == &reasons::kBulkheadFull || &reason == &reasons::kPendingTimeout)
    series_.hit(Limit::upstream_requests);
  if (&reason == &reasons::kUpstreamHeaderTooLarge) series_.hit(Limit::upstream_header_bytes);
}

// --- Towards the service

void Gateway::address_request(Exchange& exchange, const EndpointSet& set) {
  auto& request = exchange.request;
  auto& fields = request.fields;
  request.target = exchange.target.text;
  request.keep_alive = true;  // The client's wish was about its own connection.
  auto authority = exchange.target.authority.text;
  if (authority.empty() && !set.endpoints.empty()) authority = set.endpoints.front().authority;
  fields.set(http::Name::host, authority);
  via_.append(fields, request.minor_version);
  write_forwarded(exchange.client, fields);
  fields.set(http::Name::x_request_id, exchange.request_id);
  auto& arena = exchange.arena();
  std::array<char, Trace::kParentSize> parent;
  fields.set(http::Name::traceparent, arena.copy(exchange.trace.write(parent)));
  const auto* const state = fields.find(http::Name::tracestate);
  if (state != nullptr && !(exchange.trace.continued() && is_valid_tracestate(state->value)))
    fields.remove(http::Name::tracestate);
}

// --- Towards the client

void Gateway::complete_head(Exchange& exchange) {
  auto& fields = exchange.response.fields;
  if (exchange.reason == nullptr && exchange.upstream.status != 0)
    via_.append(fields, exchange.response.minor_version);
  if (!fields.has(http::Name::date)) fields.add(http::Name::date, exchange.arena().copy(date()));
  fields.set(http::Name::x_request_id, exchange.request_id);
}

// RFC 9110 §5.6.7, made once a second.
std::string_view Gateway::date() {
  const auto second =
      std::chrono::floor<std::chrono::seconds>(loop_.wall().time_since_epoch()).count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(second));
  }
  return date_;
}

// --- The report

RouteSeries& Gateway::series_of(const Exchange& exchange, Held& held) {
  if (held.rest) return held.rest->series;
  if (exchange.route == nullptr) return no_route_;
  const auto index = static_cast<std::size_t>(exchange.route - held.snapshot->routes.data());
  auto& series = held.serving->routes[index];
  if (!series)
    series = std::make_unique<RouteSeries>(store_, exchange.route->route_id, exchange.route->path);
  return *series;
}

void Gateway::report(Exchange& exchange, Held& held) {
  const auto latency = loop_.clock() - exchange.began;
  const Duration overhead = latency - exchange.upstream.latency.value_or(Duration{});
  const auto protocol = exchange.request.minor_version == 0 ? Protocol::http10 : Protocol::http11;
  FinishedRequest finished{.method = exchange.request.method_text,
                           .tls = is_secured(exchange),
                           .protocol = protocol,
                           .status = exchange.status_sent,
                           .reason = exchange.reason,
                           .service = nullptr,
                           .duration = latency,
                           .overhead = overhead};
  if (held.rest)
    finished.service = &held.rest->service->series();
  else if (!exchange.upstream.service.empty())
    finished.service = &held.serving->services[exchange.service]->series();
  auto& series = series_of(exchange, held);
  series.finished(finished);
  if (exchange.version_retires) series.deprecated(exchange.version);
  series_.active_requests(exchange.request.method_text, is_secured(exchange), -1);
  end_policies(exchange);
  if (access_log_) write_log(exchange, latency, overhead, held.version);
}

void Gateway::write_log(const Exchange& exchange, Duration latency, Duration overhead,
                        std::uint64_t version) {
  const auto* const agent = exchange.request.fields.find(http::Name::user_agent);
  std::array<StageTime, kStages> stages;
  access_log_->write(
      {.time = exchange.began_wall,
       .request_id = exchange.request_id,
       .trace_id = exchange.trace.trace_id(),
       .span_id = exchange.trace.span_id(),
       .client_ip = exchange.client.client_text,
       .method = exchange.request.method_text,
       .host = exchange.target.authority.text,
       .path = exchange.target.path,
       .query = exchange.target.query,
       .protocol = exchange.request.minor_version == 0 ? Protocol::http10 : Protocol::http11,
       .route_id = exchange.route_id,
       .api_version = exchange.version,
       .user_id = {},
       .tenant_id = {},
       .auth_method = {},
       .upstream_service = exchange.upstream.service,
       .upstream_endpoint = exchange.upstream.endpoint,
       .attempts = exchange.upstream.attempts,
       .status_code = exchange.status_sent,
       .upstream_status = exchange.upstream.status,
       .reason = exchange.reason == nullptr ? std::string_view{} : exchange.reason->code,
       .bytes_in = exchange.bytes_in,
       .bytes_out = exchange.bytes_out,
       .latency = latency,
       .upstream_latency = exchange.upstream.latency,
       .gateway_latency = overhead,
       .stages = stages_of(exchange, stages),
       .ratelimit_policy = exchange.limit.policy,
       .ratelimit_remaining = exchange.limit.remaining,
       .tls_version = exchange.tls.version,
       .tls_sni = exchange.tls.server_name,
       .user_agent = agent == nullptr ? std::string_view{} : agent->value,
       .config_version = version});
}

}  // namespace penstock
