#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/duration.h"
#include "schema/describe.h"

namespace penstock {

// `automatic`: io_uring where the kernel has it and allows it, else epoll.
enum class IoChoice : std::uint8_t { automatic, io_uring, epoll };
constexpr auto schema_choices(IoChoice) {
  return std::array{schema::choice("auto", IoChoice::automatic),
                    schema::choice("io_uring", IoChoice::io_uring),
                    schema::choice("epoll", IoChoice::epoll)};
}

struct RuntimeConfig {
  std::optional<std::uint32_t> workers;
  IoChoice io = IoChoice::automatic;
  bool pin_workers = true;
  Duration drain_delay = std::chrono::seconds(5);
  Duration drain_timeout = std::chrono::seconds(20);
  Duration upgrade_timeout = std::chrono::seconds(30);

  static constexpr auto describe() {
    using C = RuntimeConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("workers", &C::workers,
                      "Threads that serve requests; by default one per processor.")
            .range(1, 512)
            .restart(),
        schema::field(
            "io", &C::io,
            "How the kernel is asked for input and output; `auto`: by io_uring where it is to "
            "be had (Linux 6.1, and not forbidden as in many containers), else by epoll.")
            .restart(),
        schema::field("pinWorkers", &C::pin_workers,
                      "Whether each worker stays on a processor of its own.")
            .restart(),
        schema::field("drainDelay", &C::drain_delay,
                      "On TERM: how long `/readyz` says no while requests are still accepted.")
            .range(0, 10min),
        schema::field("drainTimeout", &C::drain_timeout,
                      "After that: how long requests in flight may take to end.")
            .range(0, 1h),
        schema::field("upgradeTimeout", &C::upgrade_timeout,
                      "On USR2: how long the new process may take until it serves; after that it "
                      "is ended, and the old one serves on.")
            .range(100ms, 1h));
  }
};

}  // namespace penstock
