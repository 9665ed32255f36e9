#pragma once

#include <cstdint>
#include <string_view>

#include "base/reason.h"
#include "control/node.h"
#include "exchange/exchange.h"

namespace penstock {

namespace reasons {
inline constexpr Reason kAdminToken{"admin_token_required", 401, Side::client,
                                    "This needs the admin token.", "http_request_denied"};
}

// What the admin and health addresses answer: /livez, /readyz, /metrics and its alias
// /api/gateway/metrics; the admin address also /api/gateway/status, to who shows the admin token.
// On control's loop.
class Admin {
 public:
  explicit Admin(Node& node) : node_(node), uuids_(node.loop().random()) {}

  Task<void> serve(Exchange& exchange);

 private:
  enum class Resource : std::uint8_t { none, livez, readyz, metrics, status };

  static Resource resource_at(const Exchange& exchange);
  bool needs_token(Resource resource, const Exchange& exchange) const;
  bool shows_token(const http::Fields& fields) const;

  Task<void> answer(Exchange& exchange);
  static void answer_text(Exchange& exchange, std::uint16_t status, std::string_view text);
  void answer_ready(Exchange& exchange);
  Task<void> answer_metrics(Exchange& exchange);
  Task<void> answer_status(Exchange& exchange);

  Node& node_;
  UuidSource uuids_;
};

}  // namespace penstock
