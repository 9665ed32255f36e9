#include "admin/admin.h"

#include <algorithm>
#include <string>

#include "admin/status.h"
#include "base/ascii.h"
#include "exchange/problem.h"
#include "observe/exposition.h"
#include "runtime/offload.h"

namespace penstock {

Task<void> Admin::serve(Exchange& exchange) {
  char id[kUuidSize];
  exchange.request_id = exchange.arena().copy(uuids_.next(exchange.began_wall, id));
  Result<http::Target> target = fail(Error{});
  if (!exchange.fault) target = http::canonical_target(exchange.request, exchange.arena());
  if (target) {
    exchange.target = *target;
    co_await answer(exchange);
  } else {
    const auto& fault = exchange.fault ? *exchange.fault : target.error();
    exchange.reject(fault.reason != nullptr ? *fault.reason : reasons::kMalformedRequest,
                    fault.detail);
    exchange.responder->close_after();
  }
  if (exchange.reason != nullptr) write_problem(exchange);
  exchange.response.fields.set(http::Name::x_request_id, exchange.request_id);
  co_await exchange.responder->respond(exchange.response, exchange.response_body);
  exchange.delivered = true;
}

Admin::Resource Admin::resource_at(const Exchange& exchange) {
  const auto path = exchange.target.path;
  if (path == "/livez") return Resource::livez;
  if (path == "/readyz") return Resource::readyz;
  if (path == "/metrics" || path == "/api/gateway/metrics") return Resource::metrics;
  const bool health = exchange.entrance->listener == "health";
  if (path == "/api/gateway/status" && !health) return Resource::status;
  return Resource::none;
}

// Metrics tell much about what is behind, so they are open only to this machine, and where the
// operator opened an address for them.
bool Admin::needs_token(Resource resource, const Exchange& exchange) const {
  if (resource == Resource::status) return true;
  if (resource != Resource::metrics || exchange.entrance->listener == "health") return false;
  const auto ip = node_.admin_address().ip();
  return !ip || !ip->is_loopback();
}

bool Admin::shows_token(const http::Fields& fields) const {
  constexpr std::string_view scheme = "Bearer ";
  const auto* const field = fields.find(http::Name::authorization);
  if (field == nullptr || fields.count(http::Name::authorization) != 1) return false;
  return field->value.size() > scheme.size() &&
         equals_ignoring_case(field->value.substr(0, scheme.size()), scheme) &&
         node_.token().matches(field->value.substr(scheme.size()));
}

Task<void> Admin::answer(Exchange& exchange) {
  const auto resource = resource_at(exchange);
  if (resource == Resource::none) {
    exchange.reject(reasons::kNoRoute);
    co_return;
  }
  if (needs_token(resource, exchange) && !shows_token(exchange.request.fields)) {
    exchange.reject(reasons::kAdminToken);
    exchange.response.fields.add("WWW-Authenticate", R"(Bearer realm="penstock admin")");
    co_return;
  }
  const auto method = exchange.request.method;
  if (method != http::Method::get && method != http::Method::head) {
    exchange.reject(reasons::kMethodNotAllowed);
    exchange.response.fields.add(http::Name::allow, "GET, HEAD");
    co_return;
  }
  switch (resource) {
    case Resource::metrics:
      co_return co_await answer_metrics(exchange);
    case Resource::status:
      co_return co_await answer_status(exchange);
    case Resource::livez:
      co_return answer_text(exchange, 200, "ok\n");
    default:
      co_return answer_ready(exchange);
  }
}

void Admin::answer_text(Exchange& exchange, std::uint16_t status, std::string_view text) {
  auto& head = exchange.response;
  head.status = status;
  if (!head.fields.has(http::Name::content_type))
    head.fields.add(http::Name::content_type, "text/plain; charset=utf-8");
  head.fields.add("Cache-Control", "no-store");
  head.framing = http::Framing::length;
  head.content_length = text.size();
  exchange.text = http::TextBody(text);
  exchange.response_body = &exchange.text;
}

void Admin::answer_ready(Exchange& exchange) {
  const bool ready = node_.state() == Node::State::serving;
  const auto query = exchange.target.query;
  const bool verbose = query == "verbose" || query.starts_with("verbose&") ||
                       query.ends_with("&verbose") || query.starts_with("verbose=");
  const auto state = name_of(node_.state());
  const auto& publication = node_.publication();
  // An old configuration that serves is no reason to send requests elsewhere, but worth a word.
  const std::string_view config =
      !publication.fallback().empty()              ? "[!] config: the last good one is served, "
                                                     "since the files given are in error\n"
      : !publication.last_attempt().errors.empty() ? "[!] config: the last reload failed; the "
                                                     "one before is served\n"
                                                   : "[+] config: ok\n";
  auto& arena = exchange.arena();
  const auto text = verbose
                        ? arena.join(config, ready ? "[+] serving: " : "[-] serving: not ready: ",
                                     ready ? "ok" : state, "\n")
                        : arena.join(ready ? "ok" : state, "\n");
  answer_text(exchange, ready ? 200 : 503, text);
}

Task<void> Admin::answer_metrics(Exchange& exchange) {
  const auto merged = co_await node_.collect_metrics();
  const auto* const accept = exchange.request.fields.find(http::Name::accept);
  const auto format = metric_format_for(accept == nullptr ? std::string_view{} : accept->value);
  const auto text = co_await offload(node_.pool(), node_.loop(),
                                     [&merged, format] { return expose(merged, format); });
  exchange.response.fields.add(http::Name::content_type, content_type_of(format));
  answer_text(exchange, 200, exchange.arena().copy(text));
}

Task<void> Admin::answer_status(Exchange& exchange) {
  const auto text = co_await status_of(node_);
  exchange.response.fields.add(http::Name::content_type, "application/json");
  answer_text(exchange, 200, exchange.arena().copy(text));
}

}  // namespace penstock
