#pragma once

#include "config/config.h"
#include "schema/findings.h"

namespace penstock {

// What no single field can tell: names that must be unique, references, addresses, the grammar of
// paths and hosts, routes that are alike, routes that nobody can use.
void check(const Config& config, schema::Findings& findings);

}  // namespace penstock
