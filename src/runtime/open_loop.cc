#include "runtime/open_loop.h"

#include <utility>

#include "runtime/epoll/epoll_loop.h"
#include "runtime/uring/uring_loop.h"

namespace penstock {
namespace {

template <class RealLoop>
Result<std::unique_ptr<Loop>> open(std::uint64_t seed) {
  auto loop = RealLoop::create(seed);
  if (!loop) return fail(loop.error());
  return std::unique_ptr<Loop>(std::move(*loop));
}

}  // namespace

Result<std::unique_ptr<Loop>> open_loop(IoChoice choice, std::uint64_t seed) {
  if (choice == IoChoice::epoll) return open<EpollLoop>(seed);
  auto loop = open<UringLoop>(seed);
  if (loop || choice == IoChoice::io_uring) return loop;
  return open<EpollLoop>(seed);
}

}  // namespace penstock
