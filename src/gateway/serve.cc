#include <algorithm>

#include "exchange/problem.h"
#include "gateway/gateway.h"
#include "gateway/stopwatch.h"
#include "http/h1/tunnel.h"
#include "overload/visit.h"
#include "policy/policy.h"
#include "upstream/call.h"

namespace penstock {

// The way of a request. Each stage either lets it pass or answers it.
Task<void> Gateway::serve(Exchange& exchange) {
  auto held = hold();  // The whole exchange sees one configuration.
  exchange.worker = &place_;
  exchange.snapshot = &*held.snapshot;
  exchange.times.measured = ++served_ % kMeasuredShare == 0;
  series_.active_requests(exchange.request.method_text, is_secured(exchange), 1);
  if (guard(exchange) && match(exchange, *held.snapshot)) {
    auto waiting = ask_policies(exchange);  // policy/, and the gateway's own part of each stage
    if (waiting) co_await await_policies(exchange, *std::move(waiting));
    // upstream/; sends the answer while it holds the call
    if (!exchange.answered()) co_await forward(exchange, held);
  }
  if (!exchange.delivered && exchange.answered()) co_await send(exchange);  // http/
  report(exchange, held);                                                   // observe/
}

namespace {

// RFC 9110 §7.4: https is not to be had over a connection that is not secured, unless a trusted
// gateway stands between.
bool is_misdirected(const Exchange& exchange) {
  const auto& client = exchange.client;
  return exchange.target.https && client.scheme != "https" && !client.peer_trusted;
}

}  // namespace

// Whether there is too little of something to serve it; see overload/.
bool Gateway::is_shed(Exchange& exchange) {
  if (exchange.visit == nullptr) return false;
  const auto wanting = exchange.visit->begin_request(exchange.client.client);
  if (!wanting) return false;
  exchange.reject(reason_of(*wanting));
  exchange.response.fields.add(http::Name::retry_after, "1");
  return true;
}

// Why we ended it ourselves.
const Reason& Gateway::cut_by(const Exchange& exchange) {
  const auto given_up = exchange.visit != nullptr ? exchange.visit->given_up() : std::nullopt;
  return given_up ? reason_of(*given_up) : reasons::kDraining;
}

// Refuses what is no proper request, and finds out who asks for what.
bool Gateway::guard(Exchange& exchange) {
  const Stopwatch watch(exchange, Stage::guard);
  if (!find_out_who_asks(exchange)) return false;
  if (is_shed(exchange)) return false;
  ask_for_times(exchange);
  if (is_misdirected(exchange)) {
    exchange.reject(reasons::kMisdirected);
    return false;
  }
  if (exchange.target.path == "*") {
    answer_options(exchange);
    return false;
  }
  if (!count_hops(exchange)) return false;
  if (exchange.request.content_length > exchange.entrance->body_bytes) {
    reject(exchange, {.kind = Error::Kind::rejected, .reason = &reasons::kBodyTooLarge});
    return false;
  }
  const auto cleaned = http::clean(exchange.request);
  if (cleaned) return true;
  reject(exchange, cleaned.error());
  exchange.responder->close_after();
  return false;
}

// What routes are matched by. Of a preflight that is the method that it asks about, if CORS is
// answered where that leads; else it is the OPTIONS request that it looks like.
RouteRequest Gateway::route_request(const Exchange& exchange, const Snapshot& snapshot) {
  RouteRequest request{.host = exchange.target.authority.host,
                       .path = exchange.target.path,
                       .method = exchange.request.method_text,
                       .query = exchange.target.query,
                       .fields = &exchange.request.fields};
  const auto asked = http::preflight_method(exchange.request);
  if (asked.empty()) return request;
  request.method = asked;
  const auto found = snapshot.router.match(request);
  const bool answered = found.found() && std::ranges::any_of(snapshot.policies.chain(found.route),
                                                             &Policy::answers_preflights);
  if (!answered) request.method = exchange.request.method_text;
  return request;
}

bool Gateway::match(Exchange& exchange, const Snapshot& snapshot) {
  exchange.stage = Stage::match;
  const Stopwatch watch(exchange, Stage::match);
  const auto found = snapshot.router.match(route_request(exchange, snapshot));
  const auto* const route = found.found() ? &snapshot.routes[found.route] : nullptr;
  if (exchange.target.encoded_slash && (route == nullptr || !route->encoded_slashes)) {
    exchange.reject(reasons::kMalformedRequest, "The path has an encoded slash.");
    return false;
  }
  switch (found.kind) {
    case RouteMatch::Kind::found:
      exchange.route = route;
      exchange.route_id = route->route_id;
      exchange.policies = snapshot.policies.chain(found.route);
      return true;
    case RouteMatch::Kind::no_host:
      series_.missed(RouteMiss::no_host);
      break;
    case RouteMatch::Kind::no_path:
      series_.missed(RouteMiss::no_path);
      break;
    case RouteMatch::Kind::no_method:
      series_.missed(RouteMiss::method);
      exchange.reject(reasons::kMethodNotAllowed);
      exchange.response.fields.add(http::Name::allow,
                                   exchange.arena().copy(snapshot.router.text_of(found.allowed)));
      return false;
  }
  exchange.reject(reasons::kNoRoute);
  return false;
}

// A route is protected unless it says otherwise, and there is no way to authenticate yet.
void Gateway::authenticate(Exchange& exchange) {
  if (!exchange.route->auth_required) return;
  exchange.reject(reasons::kNoAuthPolicy);
  exchange.response.fields.add("WWW-Authenticate", R"(Bearer realm="penstock")");
}

Task<void> Gateway::forward(Exchange& exchange, Held& held) {
  exchange.stage = Stage::forward;
  const Stopwatch watch(exchange, Stage::forward);
  if (exchange.times.measured) exchange.times.forwarded = loop_.clock();
  auto service = held.serving->services[exchange.service];
  address_request(exchange, *service->endpoints());
  Call call(exchange, std::move(service), held.snapshot->services[exchange.service],
            exchange.route->stream);
  const auto outcome = co_await call.run();
  if (outcome && call.may_last()) {
    tell_policies(exchange);
    let_go(exchange, held);
  }
  if (!outcome) {
    reject(exchange, outcome.error());
    const auto wait = call.retry_after(*exchange.reason);
    if (wait)
      exchange.response.fields.add(http::Name::retry_after,
                                   exchange.arena().copy(std::to_string(seconds_up(*wait))));
  } else if (exchange.response.status == 101) {
    co_await tunnel(exchange, call);
  } else {
    co_await send(exchange);
    if (call.client_gone()) exchange.reason = &reasons::kClientClosed;
  }
  co_await call.close();
}

Task<void> Gateway::tunnel(Exchange& exchange, Call& call) {
  tell_policies(exchange);
  complete_head(exchange);
  const auto client = co_await exchange.responder->switch_protocols(exchange.response);
  exchange.delivered = true;
  exchange.status_sent = exchange.response.status;
  if (!client) {
    exchange.reason = &reasons::kClientClosed;
    co_return;
  }
  const auto ended = co_await http::h1::tunnel(loop_, **client, call.tunnel_input(),
                                               call.idle_timeout(), call.stream_end());
  exchange.bytes_in = ended.forward;
  exchange.bytes_out = ended.backward;
  if (ended.end == http::h1::Tunnelled::End::idle) exchange.reason = &reasons::kIdleTimeout;
  if (ended.end == http::h1::Tunnelled::End::age) exchange.reason = &reasons::kStreamAge;
}

Task<void> Gateway::send(Exchange& exchange) {
  if (exchange.reason == &reasons::kClientClosed) {
    exchange.status_sent = exchange.reason->status;
    exchange.responder->close_after();
    co_return;
  }
  if (exchange.reason != nullptr) write_problem(exchange);
  tell_policies(exchange);
  complete_head(exchange);
  const auto sent = co_await exchange.responder->respond(exchange.response, exchange.response_body);
  note_end(exchange, sent);
}

void Gateway::note_end(Exchange& exchange, const http::Sent& sent) {
  exchange.delivered = true;
  exchange.status_sent = exchange.response.status;
  exchange.bytes_out = sent.bytes;
  if (sent.end == http::Sent::End::whole) return;
  exchange.reason = sent.error.reason != nullptr ? sent.error.reason : &reasons::kInternal;
  if (sent.end == http::Sent::End::source_failed) return;
  const bool ours = sent.error.kind == Error::Kind::cancelled;
  exchange.reason = ours ? &cut_by(exchange) : &reasons::kClientClosed;
  if (ours) return;
  if (sent.error.kind == Error::Kind::timed_out) series_.hit(Limit::slow_reader);
  if (sent.bytes == 0) exchange.status_sent = reasons::kClientClosed.status;
}

}  // namespace penstock
