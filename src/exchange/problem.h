#pragma once

#include "exchange/exchange.h"

namespace penstock {

// Makes the response of an exchange that was rejected: `application/problem+json` (RFC 9457), or a
// minimal page for a client that wants HTML, with `Proxy-Status` (RFC 9209). It says what the
// reason's table says, and nothing that gives the inside away.
void write_problem(Exchange& exchange);

}  // namespace penstock
