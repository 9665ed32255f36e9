#include "gateway/gateway.h"
#include "http/cookie.h"
#include "route/route.h"

namespace penstock {

// By version, by weight, by what the caller keeps to.
void Gateway::select(Exchange& exchange) {
  const auto& client = exchange.client;
  const SelectRequest request{
      .fields = exchange.request.fields,
      .client = client.client ? client.client_text : std::string_view{},
      .user = {},
      .secure = client.scheme == "https",
  };
  const auto selected = exchange.route->selection.choose(request, loop_.random(), exchange.arena());
  if (!selected) {
    reject(exchange, selected.error());
    // As for every answer that the version decides on: see tell_selection().
    if (const auto name = exchange.route->selection.version_header(); !name.empty())
      exchange.response.fields.add("Vary", exchange.arena().copy(name));
    return;
  }
  exchange.service = selected->service;
  exchange.service_name = exchange.snapshot->services[selected->service].service_name.value;
  if (selected->version != nullptr) {
    exchange.version = selected->version->name;
    exchange.version_retires = selected->version->is_retiring();
  }
  exchange.set_cookie = selected->set_cookie;
}

// Says in the answer, whoever made it, what was selected: the version's fields, which take the
// place of the service's own, and the caller's cookie, unless the service set one of that name.
void Gateway::tell_selection(Exchange& exchange) {
  auto& fields = exchange.response.fields;
  const auto cookie = exchange.set_cookie;
  if (!cookie.empty() && !http::sets_cookie(fields, cookie.substr(0, cookie.find('='))))
    fields.add(http::Name::set_cookie, cookie);
  if (exchange.version.empty()) return;
  const auto& selection = exchange.route->selection;
  const auto& version = *selection.version(exchange.version);
  // Copied, since the exchange may let the snapshot go before the head is written.
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fields.add(name, exchange.arena().copy(value));
  };
  // RFC 9110 §12.5.5: a cache must not give it to those who ask for another version.
  add("Vary", selection.version_header());
  if (!version.deprecation.empty()) fields.remove("Deprecation");
  add("Deprecation", version.deprecation);
  if (!version.sunset.empty()) fields.remove("Sunset");
  add("Sunset", version.sunset);
  add("Link", version.link);
}

}  // namespace penstock
