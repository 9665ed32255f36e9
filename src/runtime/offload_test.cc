#include "runtime/offload.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "runtime/all_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Bench>
class OffloadTest : public ::testing::Test {
 protected:
  Bench bench;
  OffloadPool pool{2};
  Loop& loop() { return bench.loop(); }
};
TYPED_TEST_SUITE(OffloadTest, AllLoops);

Task<void> ask_elsewhere(OffloadPool& pool, Loop& loop) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await offload(pool, loop, [] { return std::this_thread::get_id(); });
  EXPECT_NE(there, here);
  EXPECT_EQ(std::this_thread::get_id(), here);
  const auto moved = co_await offload(pool, loop, [] { return std::make_unique<int>(7); });
  EXPECT_EQ(*moved, 7);
}

TYPED_TEST(OffloadTest, RunsOnAnotherThreadAndComesBack) {
  run(this->bench, ask_elsewhere(this->pool, this->loop()));
}

Task<void> add_elsewhere(OffloadPool& pool, Loop& loop, int number, int& sum) {
  const auto twice = co_await offload(pool, loop, [number] { return number * 2; });
  sum += twice;
}

Task<void> add_many(OffloadPool& pool, Loop& loop, int& sum) {
  Scope scope(loop);
  for (int i = 0; i < 1000; ++i) scope.spawn(add_elsewhere(pool, loop, i, sum));
  co_await scope.join();
}

TYPED_TEST(OffloadTest, ManyAtOnce) {
  int sum = 0;
  run(this->bench, add_many(this->pool, this->loop(), sum));
  EXPECT_EQ(sum, 999'000);
}

// The work refers to the waiting frame, so its end is awaited whatever happens.
Task<void> work_on(OffloadPool& pool, Loop& loop, std::atomic<bool>& go, bool& done) {
  done = co_await offload(pool, loop, [&go] {
    go.wait(false);
    return true;
  });
}

Task<void> cancel_work(OffloadPool& pool, Loop& loop, bool& done) {
  std::atomic<bool> go = false;
  Scope scope(loop);
  scope.spawn(work_on(pool, loop, go, done));
  scope.cancel();
  co_await Yield(loop);
  EXPECT_FALSE(scope.empty());
  go = true;
  go.notify_all();
  co_await scope.join();
}

TYPED_TEST(OffloadTest, WhatWasCancelledIsStillAwaited) {
  bool done = false;
  run(this->bench, cancel_work(this->pool, this->loop(), done));
  EXPECT_TRUE(done);
}

TEST(OffloadPool, FinishesWhatWasSubmittedBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    OffloadPool pool(3);
    for (int i = 0; i < 100; ++i) pool.submit([&done] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace penstock
