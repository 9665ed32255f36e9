#include "admin/admin.h"

#include "exchange/problem.h"
#include "observe/exposition.h"

namespace penstock {

Task<void> Admin::serve(Exchange& exchange) {
  char id[kUuidSize];
  exchange.request_id = exchange.arena().copy(uuids_.next(exchange.began_wall, id));
  Result<http::Target> target = fail(Error{});
  if (!exchange.fault) target = http::canonical_target(exchange.request, exchange.arena());
  if (target) {
    exchange.target = *target;
    co_await answer(exchange, target->path);
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

Task<void> Admin::answer(Exchange& exchange, std::string_view path) {
  const bool metrics = path == "/metrics" || path == "/api/gateway/metrics";
  if (!metrics && path != "/livez" && path != "/readyz") {
    exchange.reject(reasons::kNoRoute);
    co_return;
  }
  const auto method = exchange.request.method;
  if (method != http::Method::get && method != http::Method::head) {
    exchange.reject(reasons::kMethodNotAllowed);
    exchange.response.fields.add(http::Name::allow, "GET, HEAD");
    co_return;
  }
  if (metrics)
    co_await answer_metrics(exchange);
  else if (path == "/livez")
    answer_text(exchange, 200, "ok\n");
  else
    answer_ready(exchange);
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
  const std::string_view state = ready                                    ? "ok"
                                 : node_.state() == Node::State::starting ? "starting"
                                                                          : "draining";
  auto& arena = exchange.arena();
  const auto text =
      verbose ? arena.join("[+] config: ok\n",
                           ready ? "[+] serving: " : "[-] serving: not ready: ", state, "\n")
              : arena.join(state, "\n");
  answer_text(exchange, ready ? 200 : 503, text);
}

Task<void> Admin::answer_metrics(Exchange& exchange) {
  const auto merged = co_await node_.collect_metrics();
  const auto* const accept = exchange.request.fields.find(http::Name::accept);
  const auto format = metric_format_for(accept == nullptr ? std::string_view{} : accept->value);
  const auto text = expose(merged, format);
  exchange.response.fields.add(http::Name::content_type, content_type_of(format));
  answer_text(exchange, 200, exchange.arena().copy(text));
}

}  // namespace penstock
