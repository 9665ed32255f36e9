#include <gtest/gtest.h>

#include "runtime/epoll/epoll_loop.h"
#include "runtime/scope.h"

namespace penstock {
namespace {

Task<int> one() {
  co_return 1;
}

Task<void> count(Loop& loop, int& total) {
  for (int i = 0; i < 3'000'000; ++i) {
    const int n = co_await one();
    total += n;
  }
  loop.stop();
}

TEST(Task, ThreeMillionImmediateAwaitsKeepTheStack) {
  auto loop = EpollLoop::create(1);
  int total = 0;
  Scope scope(**loop);
  scope.spawn(count(**loop, total));
  EXPECT_EQ(total, 3'000'000);
}

}  // namespace
}  // namespace penstock
