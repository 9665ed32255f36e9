#include "policy/cors/cors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "http/h1/syntax.h"
#include "http/message.h"

namespace penstock {
namespace {

using Texts = std::vector<schema::Located<std::string>>;

std::vector<std::string_view> views_of(const Texts& texts) {
  std::vector<std::string_view> views;
  for (const auto& text : texts) views.push_back(text.value);
  return views;
}

// The next element of a list of field names, which it takes away; empty elements count for nothing
// (RFC 9110 §5.6.1).
std::string_view next_of(std::string_view& list) {
  std::string_view element;
  while (element.empty() && !list.empty()) {
    const auto comma = list.find(',');
    element = trim_ows(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return element;
}

bool is_of_cors(const http::Field& field) {
  constexpr std::string_view prefix = "Access-Control-";
  return field.name.size() > prefix.size() &&
         equals_ignoring_case(field.name.substr(0, prefix.size()), prefix);
}

bool lists(const http::Field& field, std::string_view name) {
  for (auto list = field.value; !list.empty();) {
    const auto element = next_of(list);
    if (element == "*" || equals_ignoring_case(element, name)) return true;
  }
  return false;
}

// The answer depends on that field of the request: says so in `Vary`, once.
void vary_by(std::string_view name, Exchange& exchange) {
  auto& fields = exchange.response.fields;
  http::Field* last = nullptr;
  for (auto& field : fields.all()) {
    if (!equals_ignoring_case(field.name, "Vary")) continue;
    if (lists(field, name)) return;
    last = &field;
  }
  if (last == nullptr) return fields.add("Vary", name);
  last->value = last->value.empty() ? name : exchange.arena().join(last->value, ", ", name);
}

}  // namespace

// --- Names

Cors::Names::Names(const Texts& names) {
  for (const auto& name : names) {
    if (name.value == "*")
      any_ = true;
    else
      names_.push_back(name.value);
  }
}

bool Cors::Names::name(std::string_view method) const {
  return std::ranges::find(names_, method) != names_.end();
}

bool Cors::Names::name_ignoring_case(std::string_view field) const {
  return std::ranges::any_of(names_,
                             [&](const auto& name) { return equals_ignoring_case(name, field); });
}

// --- The policy

Cors::Cors(const Config& config, const PolicyContext& context)
    : Policy(context.id),
      origins_(views_of(config.origins)),
      methods_(config.methods),
      headers_(config.headers),
      exposed_(fmt::format("{}", fmt::join(views_of(config.expose_headers), ", "))),
      max_age_(
          std::to_string(std::chrono::duration_cast<std::chrono::seconds>(config.max_age).count())),
      credentials_(config.credentials),
      private_network_(config.private_network) {}

// What is granted goes into `own_fields`, since nothing else remembers the request as it came: a
// later policy may change its Origin.
Step Cors::on_request(Exchange& exchange) const {
  // Of several nobody knows which one a browser sent: they are none.
  const auto* const line = exchange.request.fields.only("Origin");
  const auto origin = line == nullptr ? std::string_view{} : line->value;
  const auto method = http::preflight_method(exchange.request);
  auto& fields = exchange.own_fields;
  const bool allowed = origins_.allow(origin);
  if (allowed) {
    fields.add("Access-Control-Allow-Origin", origins_.any() ? "*" : origin);
    if (credentials_) fields.add("Access-Control-Allow-Credentials", "true");
  }
  if (method.empty()) {
    if (allowed && !exposed_.empty()) fields.add("Access-Control-Expose-Headers", exposed_);
    return proceed();
  }
  if (!allowed) return reject(reasons::kCorsRefused, "Its origin is not among those allowed.");
  return answer_preflight(exchange, method);
}

// Grants what was asked about and no more: by another method the same URL may belong to another
// route with another policy, and browsers remember an answer by its URL.
Step Cors::answer_preflight(Exchange& exchange, std::string_view method) const {
  // Who may GET may HEAD: the route that serves the one serves the other.
  const std::string_view asked = method == "HEAD" && methods_.name("GET") ? "GET" : method;
  if (methods_.any() ? !http::h1::is_token(method) : !methods_.name(asked))
    return reject(reasons::kCorsRefused, "Its method is not among those allowed.");
  std::string_view headers;
  if (!allows_headers(exchange, headers))
    return reject(reasons::kCorsRefused, "It sets a header field that is not among those allowed.");
  auto& fields = exchange.own_fields;
  fields.add("Access-Control-Allow-Methods", method);
  if (!headers.empty()) fields.add("Access-Control-Allow-Headers", headers);
  fields.add("Access-Control-Max-Age", max_age_);
  const auto* const network =
      exchange.request.fields.only("Access-Control-Request-Private-Network");
  if (private_network_ && network != nullptr && network->value == "true")
    fields.add("Access-Control-Allow-Private-Network", "true");
  exchange.response.status = 204;
  return answer();
}

bool Cors::allows_header(std::string_view name) const {
  if (!http::h1::is_token(name)) return false;
  if (headers_.name_ignoring_case(name)) return true;
  return headers_.any() && !equals_ignoring_case(name, "Authorization");
}

bool Cors::allows_headers(Exchange& exchange, std::string_view& asked) const {
  std::size_t count = 0;
  for (const auto& field : exchange.request.fields) {
    if (!equals_ignoring_case(field.name, "Access-Control-Request-Headers")) continue;
    const auto before = count;
    for (auto list = field.value; !list.empty();) {
      const auto name = next_of(list);
      if (name.empty()) break;
      if (++count > kMostAsked || !allows_header(name)) return false;
    }
    if (count == before) continue;  // It names nothing: `, ,`.
    asked = asked.empty() ? field.value : exchange.arena().join(asked, ", ", field.value);
  }
  return true;
}

void Cors::on_response(Exchange& exchange) const {
  auto& fields = exchange.response.fields;
  fields.remove_if(is_of_cors);
  for (const auto& field : exchange.own_fields)
    if (is_of_cors(field)) fields.add(field);
  if (!origins_.any()) vary_by("Origin", exchange);
  if (http::preflight_method(exchange.request).empty()) return;
  for (const auto* const name : {"Access-Control-Request-Method", "Access-Control-Request-Headers"})
    vary_by(name, exchange);
}

}  // namespace penstock
