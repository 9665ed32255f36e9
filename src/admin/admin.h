#pragma once

#include "control/node.h"
#include "exchange/exchange.h"

namespace penstock {

// What the admin and health addresses answer: /livez, /readyz, /metrics and its alias
// /api/gateway/metrics. On control's loop.
class Admin {
 public:
  explicit Admin(Node& node) : node_(node), uuids_(node.loop().random()) {}

  Task<void> serve(Exchange& exchange);

 private:
  Task<void> answer(Exchange& exchange, std::string_view path);
  void answer_text(Exchange& exchange, std::uint16_t status, std::string_view text);
  void answer_ready(Exchange& exchange);
  Task<void> answer_metrics(Exchange& exchange);

  Node& node_;
  UuidSource uuids_;
};

}  // namespace penstock
