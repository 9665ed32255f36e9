#pragma once

#include <chrono>
#include <optional>

#include "base/duration.h"
#include "schema/describe.h"

namespace penstock {

// What the whole process may use before it turns work away.
struct OverloadConfig {
  std::optional<ByteSize> memory;
  Duration lag = std::chrono::milliseconds(250);

  static constexpr auto describe() {
    using C = OverloadConfig;
    using namespace literals;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field(
            "memory", &C::memory,
            "Most memory that the process is to have resident; by default four fifths of "
            "what the machine, its cgroup and the limit on its address space let it have.")
            .range(1_MiB, ByteSize{std::uint64_t{1} << 50}),
        schema::field("lag", &C::lag,
                      "How long a worker may take, in processor time, from one look at its "
                      "connections to the next.")
            .range(1ms, 1min));
  }
};

}  // namespace penstock
