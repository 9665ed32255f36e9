#pragma once

#include "config/config.h"
#include "schema/findings.h"

namespace penstock {

// Warns of routes that do not get all the requests they ask for, each with a request that shows it.
// The routes are without error. Takes about a second for 100,000 of them.
void check_reach(const Document& document, schema::Findings& findings);

}  // namespace penstock
