#pragma once

#include <cstdio>
#include <span>
#include <string>

#include "schema/findings.h"

namespace penstock {

// One line each, as people and editors read them; a warning says that it is one.
void print_findings(std::FILE* to, std::span<const schema::Finding> findings);

// `1 error`, `2 warnings`.
std::string counted(std::size_t count, std::string_view noun);

}  // namespace penstock
