#include "runtime/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "runtime/all_loops.h"
#include "runtime/worker.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(Loop, MessagesOfAThreadRunInOrderAndNoneIsLost) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  const auto loop = std::move(*EpollLoop::create(1));
  std::vector<int> last(kThreads, -1);
  int taken = 0;
  const auto take = [&](int thread, int number) {
    EXPECT_EQ(number, last[static_cast<std::size_t>(thread)] + 1);
    last[static_cast<std::size_t>(thread)] = number;
    if (++taken == kThreads * kEach) loop->stop();
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) loop->post([&take, thread, i] { take(thread, i); });
    });
  }
  loop->run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, kThreads * kEach);
}

// Each side posts only when the other's message has run: a lost wake-up would hang.
TEST(Loop, NoWakeUpIsLostBetweenTwoSleepyLoops) {
  auto a = std::move(*Worker::create("a", IoChoice::automatic, 1));
  auto b = std::move(*Worker::create("b", IoChoice::epoll, 2));
  constexpr int kRounds = 20'000;
  struct Ball {
    Loop* here;
    Loop* there;
    int left;
    void hit() {
      if (left-- == 0) {
        here->stop();
        there->stop();
        return;
      }
      std::swap(here, there);
      here->post([this] { hit(); });
    }
  } ball{&a->loop(), &b->loop(), kRounds};
  a->start(-1);
  b->start(-1);
  a->loop().post([&ball] { ball.hit(); });
  a->join();
  b->join();
  EXPECT_EQ(ball.left, -1);
}

TEST(Loop, WhatWasPostedRunsAtTheLatestWhenTheLoopEnds) {
  int runs = 0;
  {
    const auto loop = std::move(*EpollLoop::create(1));
    auto* const again = loop.get();
    loop->post([&runs, again] {
      ++runs;
      again->post([&runs] { ++runs; });
    });
  }
  EXPECT_EQ(runs, 2);
}

TEST(Loop, AStopBeforeRunIsNotForgotten) {
  const auto loop = std::move(*EpollLoop::create(1));
  loop->stop();
  loop->run();
}

TEST(Loop, TheWallClockGoesWithTheMonotonicOne) {
  const auto loop = std::move(*EpollLoop::create(1));
  EXPECT_LT(std::chrono::abs(loop->wall() - std::chrono::system_clock::now()), 1s);
}

}  // namespace
}  // namespace penstock
