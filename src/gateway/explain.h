#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/exchange.h"
#include "exchange/stage.h"
#include "gateway/gateway.h"
#include "net/address.h"
#include "route/router.h"

namespace penstock {

// What one stage, or one policy in it, would say to a request.
struct Verdict {
  Stage stage = Stage::guard;
  std::string who;   // `gateway`, or a policy's kind and id: `rateLimit standard-user`.
  std::string says;  // `passes`, `401 no_auth_policy: …`, `sets X-Env`.
};

// What would become of a request: the gateway's own stages, run dry.
struct Explanation {
  std::string request;                     // In canonical form: `GET api.example.com /orders/7`.
  std::vector<RouteCandidate> candidates;  // Routes that match or nearly do, the winner first.
  std::vector<Verdict> verdicts;           // As far as it comes.
  std::string route_id;                    // Empty when none matches.
  std::string service;  // Where it is forwarded to; empty when it is answered before.
  std::string version;
  std::uint16_t status = 0;  // Of the gateway's own answer; 0 when it is forwarded.
  std::string code;          // The reason's.
  std::string detail;        // What the answer would say.
};

// How `gateway` would treat the request whose head is `bytes` (as HTTP/1.1 sends it), if it came
// from `peer` by that entrance. Changes nothing. On the thread of the gateway's loop.
Explanation explain(Gateway& gateway, const Entrance& entrance, const Address& peer,
                    std::string_view bytes);

}  // namespace penstock
