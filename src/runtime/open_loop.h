#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/runtime_config.h"

namespace penstock {

// A real loop. `automatic`: io_uring where it is to be had, else epoll. Fails with the errno of
// what was refused.
Result<std::unique_ptr<Loop>> open_loop(IoChoice choice, std::uint64_t seed);

}  // namespace penstock
