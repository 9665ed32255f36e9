#pragma once

#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "schema/findings.h"

namespace penstock {

// One line each, as people and editors read them; a warning says that it is one.
void print_findings(std::FILE* to, std::span<const schema::Finding> findings);

// For programs, on standard output: why there is nothing else to print.
void print_failure(std::string_view error, std::span<const schema::Finding> findings = {});

nlohmann::ordered_json json_of(const schema::Finding& finding);

// `1 error`, `2 warnings`.
std::string counted(std::size_t count, std::string_view noun);

}  // namespace penstock
