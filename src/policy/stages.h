#pragma once

#include "policy/cors/cors.h"
#include "policy/headers/headers.h"
#include "policy/rate_limit/rate_limit.h"
#include "policy/sections.h"

namespace penstock {

// Every kind of policy there is, a line each. Which stage one stands at it says itself; of several
// at one stage the one listed first goes first.
template <template <class...> class List>
using WithEveryPolicy = List<  //
    Cors,                      //
    RateLimit,                 //
    Headers>;

using PolicySections = WithEveryPolicy<PolicySectionsOf>;
using RoutePolicies = WithEveryPolicy<PolicyUsesOf>;

}  // namespace penstock
