#pragma once

#include <string>
#include <vector>

#include "schema/describe.h"

namespace penstock::schema {

// The fields declared `.restart()` in which `wanted` differs from `running`, both of the type
// `type`, by their paths: `runtime.workers`, `listeners[public].address`. The objects of a list are
// compared by their ids; one that only one side has counts if it holds such a field.
std::vector<std::string> waiting_for_restart(const Type& type, const void* running,
                                             const void* wanted);

template <class C>
std::vector<std::string> waiting_for_restart(const C& running, const C& wanted) {
  return waiting_for_restart(kType<C>, &running, &wanted);
}

}  // namespace penstock::schema
