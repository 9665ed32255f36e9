#include "cli/findings.h"

#include <fmt/format.h>

namespace penstock {

void print_findings(std::FILE* to, std::span<const schema::Finding> findings) {
  for (const auto& finding : findings)
    fmt::print(to, "{}{}\n", finding.severity == schema::Severity::warning ? "warning: " : "",
               to_text(finding));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace penstock
