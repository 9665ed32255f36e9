#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace penstock {

// Stops the process when something we believe does not hold. Never for what a stranger sent.
inline void ensure(bool condition,
                   const std::source_location& where = std::source_location::current()) {
  if (condition) [[likely]]
    return;
  std::fprintf(stderr, "penstock: bug: a belief failed at %s:%u in %s\n", where.file_name(),
               where.line(), where.function_name());
  std::abort();
}

}  // namespace penstock
