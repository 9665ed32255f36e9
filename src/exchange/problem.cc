#include "exchange/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace penstock {
namespace {

constexpr std::string_view kQuotaExceeded =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";

// A browser: HTML is named before anything JSON-like, and not only by `*/*`.
bool wants_html(const http::Fields& fields) {
  const auto* const accept = fields.find(http::Name::accept);
  if (accept == nullptr) return false;
  const auto html = accept->value.find("text/html");
  return html != std::string_view::npos && html < accept->value.find("json");
}

// Nothing that is written here needs it as long as details are plain words; none can break out.
std::string_view escaped(std::string_view text, bool html, Arena& arena) {
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 &&
           std::string_view("\"\\&<>").find(c) == std::string_view::npos;
  };
  if (std::ranges::all_of(text, plain)) return text;
  fmt::memory_buffer out;
  for (const char c : text) {
    if (plain(c))
      out.push_back(c);
    else
      fmt::format_to(std::back_inserter(out), fmt::runtime(html ? "&#{};" : "\\u{:04x}"),
                     static_cast<unsigned char>(c));
  }
  return arena.copy({out.data(), out.size()});
}

std::string_view json_problem(Exchange& exchange, const Reason& reason) {
  const auto title = http::phrase_of(reason.status);
  // A request id that a trusted proxy chose may be no UUID.
  const auto id = exchange.request_id;
  const auto instance = id.size() == kUuidSize
                            ? exchange.arena().join(R"("instance":"urn:uuid:)", id, "\",")
                            : std::string_view{};
  const auto detail = escaped(exchange.detail, false, exchange.arena());
  // draft-ietf-httpapi-ratelimit-headers: which limit it was.
  const bool limited = exchange.limit.refused;
  const auto violated =
      limited
          ? exchange.arena().join(R"(,"violated-policies":[")",
                                  escaped(exchange.limit.policy, false, exchange.arena()), R"("])")
          : std::string_view{};
  fmt::memory_buffer out;
  fmt::format_to(std::back_inserter(out),
                 R"({{"type":"{}","title":"{}","status":{},"detail":"{}{}{}",)"
                 R"({}"code":"{}","request_id":"{}"{}}})"
                 "\n",
                 limited ? kQuotaExceeded : "about:blank", title.empty() ? "Error" : title,
                 reason.status, reason.sentence, detail.empty() ? "" : " ", detail, instance,
                 reason.code, id, violated);
  return exchange.arena().copy({out.data(), out.size()});
}

std::string_view html_problem(Exchange& exchange, const Reason& reason) {
  const auto title = http::phrase_of(reason.status);
  fmt::memory_buffer out;
  fmt::format_to(std::back_inserter(out),
                 "<!doctype html><title>{} {}</title><h1>{} {}</h1><p>{} {}</p><p><code>{}</code> "
                 "{}</p>\n",
                 reason.status, title, reason.status, title, reason.sentence,
                 escaped(exchange.detail, true, exchange.arena()), reason.code,
                 exchange.request_id);
  return exchange.arena().copy({out.data(), out.size()});
}

std::string_view proxy_status(Exchange& exchange, const Reason& reason) {
  if (exchange.upstream.status == 0)
    return exchange.arena().join("penstock; error=", reason.proxy_status);
  return exchange.arena().join("penstock; error=", reason.proxy_status,
                               "; received-status=", std::to_string(exchange.upstream.status));
}

}  // namespace

void write_problem(Exchange& exchange) {
  const auto& reason = *exchange.reason;
  auto& head = exchange.response;
  const bool html = wants_html(exchange.request.fields);
  const auto text = html ? html_problem(exchange, reason) : json_problem(exchange, reason);
  head.fields.add(http::Name::content_type,
                  html ? "text/html; charset=utf-8" : "application/problem+json");
  head.fields.add("Cache-Control", "no-store");
  if (!reason.proxy_status.empty())
    head.fields.add(http::Name::proxy_status, proxy_status(exchange, reason));
  head.framing = http::Framing::length;
  head.content_length = text.size();
  exchange.text = http::TextBody(text);
  exchange.response_body = &exchange.text;
}

}  // namespace penstock
